// Modes of time by name.

/** A mode that a case is played in. */
export type Mode =
  | { readonly mode: 'virtual' | 'in-process' | 'real' }
  | { readonly mode: 'scaled'; readonly factor: number };

/** What the user asks for. */
export type TimeChoice = Mode | { readonly mode: 'auto' };

/** As `--time` takes it: `virtual`, `scaled:60`. */
export function modeText(mode: TimeChoice): string {
  return mode.mode === 'scaled' ? `scaled:${mode.factor}` : mode.mode;
}

/** Nothing of the machine's own clock is in it: the same seed and epoch give the same trace. */
export function isVirtual({ mode }: TimeChoice): boolean {
  return mode === 'virtual' || mode === 'in-process';
}
