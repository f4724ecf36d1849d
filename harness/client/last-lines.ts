/** So many frames of a stack say where; more of them would push out the message above, which says what. */
const FRAMES = 2;

/** The last `count` lines with something in them, of what a program has written. */
export function lastLines(text: string, count: number): readonly string[] {
  let frames = 0;
  const lines = text.split(/\r?\n/).filter((line) => {
    frames = /^\s+at /.test(line) ? frames + 1 : 0;
    return line.trim() !== '' && frames <= FRAMES;
  });
  return lines.slice(-count);
}
