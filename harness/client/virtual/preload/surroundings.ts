import { basename, delimiter } from 'node:path';
import { LINK_VARIABLES } from '../link.ts';
import type { SpawnOptions } from './internals.ts';

/** The flag that opens Node's internals; NODE_OPTIONS refuses it. */
export const FLAG = '--expose-internals';

/** What a process needs to find the harness. The client does not see it; its children get it again. */
export class Surroundings {
  readonly #variables = new Map<string, string>();
  readonly #importOption: string;
  /** The folder of a `node` that opens its internals, for scripts that look for `node` on the PATH. */
  readonly #bin: string;
  /** Preloaded by programs that are not Node. */
  readonly #observer: string;

  constructor(env: NodeJS.ProcessEnv) {
    for (const name of Object.values(LINK_VARIABLES)) {
      this.#variables.set(name, env[name] ?? '');
      delete env[name];
    }
    this.#importOption = `--import=${this.#variables.get(LINK_VARIABLES.preload)}`;
    this.#bin = this.#variables.get(LINK_VARIABLES.bin)!;
    env['NODE_OPTIONS'] = (env['NODE_OPTIONS'] ?? '').replace(this.#importOption, '').trim();
    if (env['NODE_OPTIONS'] === '') delete env['NODE_OPTIONS'];
    env['PATH'] = (env['PATH'] ?? '').replace(`${this.#bin}${delimiter}`, '');
    this.#observer = this.#variables.get(LINK_VARIABLES.observer)!;
    this.#takeObserver(env);
  }

  get socket(): string {
    return this.#variables.get(LINK_VARIABLES.socket)!;
  }

  get run(): string {
    return this.#variables.get(LINK_VARIABLES.run)!;
  }

  /** Keeps a value for the descendants of this process. */
  set(name: (typeof LINK_VARIABLES)[keyof typeof LINK_VARIABLES], value: string): void {
    this.#variables.set(name, value);
  }

  get(name: (typeof LINK_VARIABLES)[keyof typeof LINK_VARIABLES]): string {
    return this.#variables.get(name)!;
  }

  /** Gives a process that is about to be started what it needs to join, itself or through what it starts. True for Node. */
  prepare(options: SpawnOptions): boolean {
    const { file, args } = options;
    const isNode = file === process.execPath || basename(file) === 'node';
    if (isNode && args && !args.includes(FLAG)) options.args = [args[0]!, FLAG, ...args.slice(1)];
    const env = new Map((options.envPairs ?? []).map((pair) => splitPair(pair)));
    for (const [name, value] of this.#variables) env.set(name, value);
    env.set('NODE_OPTIONS', `${env.get('NODE_OPTIONS') ?? ''} ${this.#importOption}`.trim());
    const path = env.get('PATH');
    if (path !== undefined) env.set('PATH', `${this.#bin}${delimiter}${path}`);
    const preloaded = env.get('LD_PRELOAD');
    if (this.#observer !== '')
      env.set('LD_PRELOAD', preloaded ? `${this.#observer}:${preloaded}` : this.#observer);
    // Threads of the pool would end in any order.
    if (!env.has('UV_THREADPOOL_SIZE')) env.set('UV_THREADPOOL_SIZE', '1');
    options.envPairs = [...env].map(([name, value]) => `${name}=${value}`);
    return isNode;
  }

  #takeObserver(env: NodeJS.ProcessEnv): void {
    const [first, ...others] = env['LD_PRELOAD']?.split(':') ?? [];
    if (this.#observer === '' || first !== this.#observer) return;
    if (others.length > 0) env['LD_PRELOAD'] = others.join(':');
    else delete env['LD_PRELOAD'];
  }
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf('=', 1);
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}
