import pc from 'picocolors';

type Paint = (text: string) => string;

/** The colours that reports use; each returns its text unchanged where there is no terminal. */
export interface Palette {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

export function palette(isTerminal: boolean): Palette {
  return pc.createColors(isTerminal);
}
