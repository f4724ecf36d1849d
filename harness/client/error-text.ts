/** `ENOENT`, or the message where there is no code: what to show of an error of the system. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
