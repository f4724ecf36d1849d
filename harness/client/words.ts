/**
 * Splits a command line into words as a shell does, with quotes and backslashes but without any expansion.
 * Throws an Error that says what is not closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (quote === "'" && char !== "'") word += char;
    else if (char === '\\') {
      const next = line[++at];
      if (next === undefined) throw new Error(`nothing follows the last backslash in: ${line}`);
      const literal = quote === '"' && !'"\\$`'.includes(next);
      word = (word ?? '') + (literal ? `\\${next}` : next);
    } else if (char === quote) quote = undefined;
    else if (quote !== undefined) word += char;
    else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== undefined) throw new Error(`the quote ${quote} is not closed in: ${line}`);
  if (word !== undefined) words.push(word);
  return words;
}
