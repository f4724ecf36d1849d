// `npm start`: the demonstration; with arguments the same command line as `meterproof`.
import { runProcess } from './process.ts';

const args = process.argv.slice(2);
await runProcess(args.length > 0 ? args : ['demo']);
