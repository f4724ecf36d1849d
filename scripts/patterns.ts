/** The failure patterns of the field: what was seen then, how a client of today shows it, the service pack that mended it. */
export interface PatternText {
  readonly symptom: string;
  readonly today: string;
  /** Absent: no source documents a fix. */
  readonly fixedIn?: string;
}

export const PATTERN_TEXTS: Readonly<Record<string, PatternText>> = {
  'PRIMARY-FIXATION': {
    symptom:
      'Usage piles up on the workstations while one license server is down, although others run.',
    today: 'An endpoint list is configured, but what is saved goes to its first entry only.',
    fixedIn: 'SP1',
  },
  'WRONG-ACCOUNT': {
    symptom: 'An account is locked out although nobody mistyped its password.',
    today:
      'After a 401 the client tries other credentials, or other endpoints, instead of saying so.',
    fixedIn: 'SP2',
  },
  'BUSY-SPIN': {
    symptom: 'The computer is slow while the license server is busy.',
    today:
      'A "try later" is answered at once with the next try; the pause is missing in one branch.',
    fixedIn: 'SP2',
  },
  'RENAMED-FORBIDDEN': {
    symptom: 'A forbidden program runs once its file is renamed.',
    today: 'A policy is matched by file name alone, in the path that works without a server.',
    fixedIn: 'SP3',
  },
  'DOWNLOAD-STALL': {
    symptom: 'The client hangs in the download of the excluded programs.',
    today: 'One request has no time-out, and everything behind it waits.',
    fixedIn: 'SP4',
  },
  'LOGIN-STORM': {
    symptom: 'The security log of the server fills with hundreds of refused logins.',
    today: 'A refused login runs into the retry loop that was made for lost connections.',
    fixedIn: 'SP4',
  },
  'HOSTILE-VERSION': {
    symptom: 'The client ends when a program with a long version string starts.',
    today: 'Text of a third party is copied into a field of fixed length.',
    fixedIn: 'SP4',
  },
  'BIG-LIST': {
    symptom: 'The same usage is uploaded again and again, and the configuration never arrives.',
    today:
      'Upload and download are one transaction: when the second half fails, the first is repeated.',
    fixedIn: 'SP4',
  },
  'HASTY-SWITCH': {
    symptom:
      'Licences that were allocated to one server are taken at another after a short disturbance.',
    today: 'The retry count is read, but the first error already moves the client on.',
  },
  'ORPHAN-SEAT': {
    symptom:
      'A licence stays in use on the first server although the program runs on one of the second.',
    today: 'Failover drops the old handle instead of keeping it until it can be given back.',
  },
  'CHECKOUT-FORGOTTEN': {
    symptom: 'A licence that was checked out for a journey is gone after a restart.',
    today: 'Cleaning up at the start releases what was meant to outlive it.',
  },
  'SPLIT-RUN': {
    symptom: 'One long run of a program appears as many short ones.',
    today: 'A flush of the buffer closes what still goes on, and opens it anew.',
  },
  'CLOCK-STALL': {
    symptom: 'Uploads stop for as long as the clock was set back.',
    today: 'The next due date is a wall-clock date.',
  },
  'SYNC-GAP': {
    symptom: 'Runs that end in the seconds of a synchronization are missing.',
    today: 'The buffer is swapped or locked while it is sent, and what comes meanwhile is dropped.',
  },
  'FALSE-CALLBACK': {
    symptom: 'A user is told that a licence is free, and is denied again.',
    today: 'The reservation expires before the client asks.',
  },
  'POLL-SWALLOWS-RETRY': {
    symptom: 'The retries that are configured never happen.',
    today: 'Two timers share one slot: the periodic one comes first and cancels the retry.',
  },
  'ONE-SERVER-ONLY': {
    symptom: 'A new client does not find the second server on its first day.',
    today: 'The server list is used only after the first refresh of the configuration.',
  },
  'SPOOL-UNWRITABLE': {
    symptom: 'Usage is missing, and no log says why: the offline log could not be written.',
    today: 'The error of a write is caught and forgotten.',
  },
  'DISK-SUSPEND': {
    symptom: 'Metering stops on a full disk, without a word.',
    today:
      'A guard against a full disk turns the collector off and tells nobody. It was so by design.',
  },
};
