/** A template names a value that only the run knows: `{config}`, `{server.alpha.pipe}`. `${NAME}` is the shell's. */
const TEMPLATE = /(?<!\$)\{([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*)\}/gi;

/** A template for which there is no value: after the profile's check, a server that the case does not have. */
export class TemplateError extends Error {
  override name = 'TemplateError';
}

/** Names in the order of the text, without their braces. */
export function templatesIn(text: string): string[] {
  return [...text.matchAll(TEMPLATE)].map((match) => match[1]!);
}

/** Replaces each template by its value. A name without a value is a TemplateError that says which there are. */
export function expandTemplate(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(TEMPLATE, (whole: string, name: string) => {
    const value = values.get(name);
    if (value !== undefined) return value;
    const known = [...values.keys()].map((key) => `{${key}}`).join(' ');
    throw new TemplateError(`nothing is known for ${whole} in "${text}"; there are ${known}`);
  });
}
