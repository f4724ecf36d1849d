import t from 'tap';
import { BLOCKS, claimBlock, ownBlock } from './claim-block.ts';

/** Not that of runs, which go on beside us. */
const PORT = 7_228;

t.test('no block is given twice, and the hundredth run is told to wait', async (t) => {
  const first = await claimBlock(7, PORT);
  const second = await claimBlock(first, PORT);
  t.not(second, first);
  t.equal(await ownBlock(), await ownBlock(), 'a process has one');
  const rest = async () => {
    for (let block = 0; block < BLOCKS; block++) await claimBlock(block, PORT);
  };
  await t.rejects(rest(), /100 runs in real or scaled time .*--time virtual/);
});
