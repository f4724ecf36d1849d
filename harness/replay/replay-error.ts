/** A capture that cannot be played in the way that is asked for; the message says why, with file and line. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}
