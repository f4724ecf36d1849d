import { join } from 'node:path';
import type { VirtualNetwork } from '../../shim/transport-virtual.ts';
import { placeText } from '../../shim/transport.ts';
import { nativeObserver } from '../observer/inject.ts';
import { ObserverReader } from '../observer/reader.ts';
import type { LaunchSpec } from '../process.ts';

const OFTEN_ENOUGH_MS = 1_000;
/** What a shell preloads stands for what others do; by the PATH on which it is found. */
const preloads = new Map<string, string | undefined>();

/**
 * The programs that a Node client starts and that are not Node. They live in real time on the real network, where no server of the case
 * is: one that connects to such a server would be refused, and the client judged by it.
 */
export class Outsiders {
  readonly observer: { readonly preload: string; readonly file: string };
  readonly #reader: ObserverReader<string>;
  #dialled: string | undefined;

  /** undefined: nothing on this machine can see where they connect to, or it is a server, whose connections are its own affair. */
  static of(spec: LaunchSpec, folder: string, network: VirtualNetwork): Outsiders | undefined {
    if (spec.listens !== undefined) return undefined;
    const path = spec.env['PATH'] ?? '';
    if (!preloads.has(path)) preloads.set(path, nativeObserver(['sh'], spec.folder, path));
    const preload = preloads.get(path);
    const file = join(folder, `dials-${spec.run}.jsonl`);
    return preload === undefined ? undefined : new Outsiders({ preload, file }, network);
  }

  private constructor(observer: Outsiders['observer'], network: VirtualNetwork) {
    this.observer = observer;
    this.#reader = new ObserverReader({
      file: observer.file,
      pollMs: OFTEN_ENOUGH_MS,
      endpoint: (address, port) =>
        network.has(address, port) ? placeText({ address, port }) : undefined,
      caseTimeOf: () => 0n,
      attempted: (place) => void (this.#dialled ??= place),
      overflowed() {},
    });
  }

  /** The first place of a server of the case to which one of them has connected. */
  dialled(): string | undefined {
    while (this.#reader.poll());
    return this.#dialled;
  }

  close(): void {
    this.#reader.stop();
  }
}
