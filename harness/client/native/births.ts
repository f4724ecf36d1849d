import { whyEscaped } from './escape.ts';
import type { Links } from './links.ts';
import { threadGone } from './procfs.ts';
import type { Process, Tree } from './tree.ts';

export interface BirthsOptions {
  readonly tree: Tree;
  readonly links: Links;
  /** The client is being killed: nobody says hello any more. */
  readonly isDying: () => boolean;
  /** Waits in real time, within the bound of a stall; comes back early when the client is being killed. */
  readonly until: (done: () => boolean, what: string) => Promise<void>;
  /** A program runs without the shim. Throws. */
  readonly escaped: (why: string) => never;
}

/** Waits for the hello of whatever starts among the processes of a client: without one it would run beside the clock. */
export class Births {
  readonly #options: BirthsOptions;

  constructor(options: BirthsOptions) {
    this.#options = options;
  }

  /** Everybody who was announced has said hello. */
  async all(): Promise<void> {
    const { tree, links, until } = this.#options;
    const check = () => {
      links.place(tree);
      for (const [id, { program, lost }] of tree.unborn) {
        if (!lost) this.#checkEscape(id, program);
        else if (threadGone(id, id)) tree.bury(id);
      }
      return tree.unborn.length === 0;
    };
    await until(check, 'a new process');
  }

  /** It has become another program, which says hello in its turn. */
  async again(process: Process): Promise<void> {
    const { tree, links, until } = this.#options;
    process.tasks.clear();
    const check = () => {
      links.place(tree);
      if (tree.processes.get(process.pid) !== process) return true;
      this.#checkEscape(process.pid, process.exec!);
      return false;
    };
    await until(check, 'a new program');
    tree.touch(true);
  }

  #checkEscape(id: number, program: string): void {
    const { links, isDying, escaped } = this.#options;
    const why = whyEscaped(id, program, () => links.has(id) || isDying());
    if (why !== undefined) escaped(why);
  }
}
