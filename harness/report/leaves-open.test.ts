// What the protocol of the servers leaves open is said by every reporter, once, where the run is introduced.
import t from 'tap';
import { relay } from '../../emulators/relay/index.ts';
import { consoleReporter } from './console.ts';
import { jsonReporter } from './json.ts';
import { INFO } from './report.fixture.ts';
import { tapReporter } from './tap.ts';

const REPORTERS = {
  console: (write: (text: string) => void) => consoleReporter(write, { isTerminal: false }),
  json: jsonReporter,
  tap: tapReporter,
};

t.test('a report says that the rules supply what the protocol leaves open', (t) => {
  const { leavesOpen } = relay;
  t.match(leavesOpen, /defines neither failover nor retry/);
  for (const [name, make] of Object.entries(REPORTERS)) {
    const written = (info: typeof INFO): string => {
      let text = '';
      const reporter = make((more) => (text += more));
      reporter.begin(info);
      reporter.end([], { pass: 0, fail: 0, unsupported: 0, inconclusive: 0, error: 0, known: 0 });
      return text;
    };
    t.equal(written({ ...INFO, leavesOpen: leavesOpen! }).split(leavesOpen!).length, 2, name);
    t.notMatch(written(INFO), /neither|undefined/, name);
  }
  t.end();
});
