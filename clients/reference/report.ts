/** What the client tells of itself. Nobody takes it for evidence. */
export interface Report {
  /** An event for whoever drives the client: one line of JSON on stdout. */
  event(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
  /** A trouble that a person should know of: one line on stderr. */
  trouble(text: string): void;
}

export const standardReport: Report = {
  event: (event, fields = {}) => {
    process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
  },
  trouble: (text) => {
    process.stderr.write(`reference: ${text}\n`);
  },
};
