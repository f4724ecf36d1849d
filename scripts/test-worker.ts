// One worker of the unit tests: takes a file at a time from its parent, plays its tests, and says what they came to.
// What tests print goes to a file that the parent reads: all of it is there when a message says that a file is finished.
import { pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';
import t from 'tap';

/** To the worker: play that file, or (none) end. */
export interface Order {
  readonly file?: string;
}

/** From the worker: an assertion came out, or the file is finished. */
export type Told =
  | { readonly assert: 'passed' | 'failed' | 'skipped'; readonly name: string }
  | { readonly finished: string };

const tell = (told: Told): void => void process.send!(told);

/** The parent bounds the time of a file; a tap of its own would fail the file on a machine under load. */
t.setTimeout(2 ** 31 - 1);
/** Assertions are heard of in their order, each when the next is made: when this one is, a file has no more of them. */
const END = 'every test of this file has ended';
const NEXT = 'and that was heard of';
let atEnd = (): void => {};
t.on('assert', ({ ok, skip, name }: { ok: boolean; skip?: string | boolean; name: string }) => {
  if (name === END) atEnd();
  else if (!ok) tell({ assert: 'failed', name });
  else if (skip) tell({ assert: 'skipped', name: skip === true ? name : `${name}: ${skip}` });
  else if (name !== NEXT) tell({ assert: 'passed', name });
});

/** Those of a file are done with when it is finished, and not when all are. */
let teardowns: (() => unknown)[] = [];
t.teardown = (action) => void teardowns.push(action);

async function play(file: string): Promise<void> {
  // Files have tests of the same name, and several workers are at work.
  t.testdirName = resolve('.tap/fixtures', file.replaceAll(/[^\w.]+/g, '-'));
  t.comment(file);
  // With its first words tap lets go of the channel: then a process that has nothing to do for a moment would end.
  process.channel!.ref();
  try {
    await import(pathToFileURL(join(process.cwd(), file)).href);
    while (!t.idle) await new Promise((done) => t.once('idle', done));
    for (const action of teardowns.toReversed()) await action();
  } catch (error) {
    t.fail(`${file} cannot be loaded, or cleaned up after`, { error });
  }
  teardowns = [];
  await new Promise<void>((heard) => {
    atEnd = heard;
    t.pass(END);
    t.pass(NEXT);
  });
  tell({ finished: file });
}

// The parent is gone: nobody would take the result.
const leave = (): never => process.exit();
process.on('disconnect', leave);
process.on('message', ({ file }: Order) => {
  if (file !== undefined) return void play(file);
  t.end();
  process.off('disconnect', leave);
  process.disconnect();
});
