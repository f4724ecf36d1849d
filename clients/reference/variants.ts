/**
 * Slips that any client may have: name → what it breaks (a rule, or a line of section 9 of docs/client-contract.md), what the
 * client does.
 */
export const VARIANTS = {
  // Attempts and their pace
  'one-attempt-short': ['SWM-3', 'makes one attempt fewer than it is configured to'],
  'one-attempt-more': ['SWM-3', 'makes one attempt more than it is configured to'],
  'gap-halved': ['RT-1', 'waits half the delay before each retry on the pipe'],
  'first-gap-only': ['RT-1', 'keeps the delay before the first retry on the pipe, then none'],
  'back-off-reset-on-connect': [
    'RT-3',
    'takes a mere connection for a success and retries at once',
  ],
  'attempts-reset-on-connect': ['SWM-3', 'counts its attempts anew whenever a connection is made'],
  'returns-without-proof': ['FO-5', 'comes back at once to a server that drops it at once'],
  'storm-when-all-down': [
    'RT-4',
    'tries without pause and without end once all shares have failed',
  ],
  'answer-awaited-for-ever': ['RT-8', 'waits without end for an answer of the pipe'],
  'back-off-doubles': ['RT-7', 'doubles the delay after each attempt on the pipe, without bound'],
  'comes-back-with-the-fleet': ['RT-2', 'does not spread its retries, though it is told to'],
  'idle-line-kept-up': ['9.15', 'makes a lost connection again although nothing runs'],
  'share-awaited-for-ever': ['RT-8', 'waits without end for an answer of a share'],
  'connection-awaited-for-ever': ['RT-8', 'waits without end for a connection'],
  'poll-at-start': ['9.5', 'synchronizes at its start, with the whole fleet'],
  'poll-drifts': ['9.5', 'counts the polling interval from the end of the synchronization before'],

  // Which server
  'reverse-order': ['FO-1', 'goes up its server list in place of down'],
  'reset-ends-the-pass': [
    'FO-2',
    'takes a reset connection for an error of its own, and tries no other share',
  ],
  'silence-ends-the-pass': [
    'FO-2',
    'takes silence for an error of its own, and tries no other share',
  ],
  'unavailable-ends-the-pass': ['FO-2', 'waits for a share that answers 503, and tries no other'],
  'share-kept': ['9.7', 'begins each pass with the share that worked last'],
  'secondary-only': ['FO-6', 'tries its primary share no more once all had failed'],
  'no-return': ['9.17', 'never goes back to its assigned server after a switch'],
  'offline-for-ever': ['FO-6', 'tries no server again once it is offline'],
  'slow-is-down': ['SWM-2', 'takes a server that answers slowly for one that is down'],
  'slow-share-is-down': ['9.7', 'takes a share that answers slowly for one that is down'],
  'garbage-ends-the-pass': [
    'FO-2',
    'takes an answer that it cannot read for an error of its own, and tries no other share',
  ],
  'refused-account-ends-the-pass': [
    'FO-2',
    'tries no other share once one has refused its account',
  ],

  // Clocks
  'retry-by-the-clock': ['RT-1', 'waits for a wall-clock date before each attempt on the pipe'],
  'status-by-the-clock': ['FO-7', 'waits for a wall-clock date to say that it still runs'],
  'peace-by-the-clock': ['RT-5', 'leaves a share alone until a date of its own clock'],
  'other-clock-is-down': ['SWM-6', 'takes a share whose clock is a day off for one that is down'],

  // Records
  'deleted-before-the-ack': ['SF-2', 'deletes a log before it is acknowledged'],
  'any-answer-is-an-ack': ['SF-2', 'takes any answer to an upload for an acknowledgement'],
  'cut-answer-is-an-ack': ['SF-2', 'takes the first bytes of an answer for the whole'],
  'ack-of-another-log': ['SF-2', 'takes the acknowledgement of one log for that of all'],
  'sent-is-stored': [
    'SF-2',
    'takes a log for stored once it is sent, whatever comes of the answer',
  ],
  'id-made-at-send-time': ['SF-5', 'gives a record a new id each time it is sent'],
  'failover-forgets-pending': [
    'SF-4',
    'takes to the next server only its request for a configuration',
  ],
  'sent-again-after-restart': ['SF-6', 'remembers in memory alone what was acknowledged'],
  'spool-in-memory': ['SF-3', 'writes records to the disk at the next poll'],
  'spool-cleared-at-start': ['SF-3', 'begins with an empty spool'],
  'sealed-logs-forgotten': ['SF-3', 'uploads after a restart only the logs that it sealed since'],
  'single-slot-spool': ['SF-1', 'keeps one log, and writes the next one over it'],
  'log-name-used-again': [
    '9.3',
    'counts its logs from 1 after each start, and names them after the count alone',
  ],
  'logs-renamed-at-start': ['9.3', 'gives its sealed logs new names when it is started'],
  'ids-made-at-start': ['SF-5', 'gives spooled records new ids when it is started'],
  'torn-line-kept': ['SF-3', 'writes on behind the half record that a crash has left'],
  'failover-sends-all-again': [
    'SF-6',
    'offers the next share also what the one before has acknowledged',
  ],
  'drops-counted-once': [
    'SF-10',
    'tells of the first record that a full spool drops, and of no other',
  ],
  'drops-the-middle': ['SF-10', 'makes room in a full spool by dropping what lies in its middle'],
  'start-of-the-first-run': [
    'SF-11',
    'notes when a program was first started, and lets all its runs begin there',
  ],
  'one-log-per-pass': ['9.6', 'uploads one log a synchronization'],
  'two-records-per-run': ['SWM-5', 'writes a record at the start and at the stop of a run'],
  'unmetered-while-down': [
    'SWM-13',
    'meters nothing from a failed synchronization to the next good one',
  ],
  'poison-blocks': ['SF-8', 'stops at a log that is refused for good'],
  'partial-is-all': ['SF-7', 'takes a log that was stored in part for one that was stored'],
  'partial-sent-whole': ['SF-7', 'sends the whole log again after a part of it was stored'],
  'refused-part-sent-again': ['RT-6', 'sends the refused records of a log again with the rest'],
  'split-for-ever': ['SF-9', 'offers a record that is too large alone again and again'],
  'too-many-is-a-refusal': ['SF-1', 'takes 429 for a refusal for good'],
  'account-refused-is-log-refused': ['SF-1', 'takes 401 for a refusal of the log'],
  'too-large-set-aside': ['SF-9', 'gives up a log that is too large, in place of splitting it'],
  'poison-repeated': ['RT-6', 'offers a log again that was refused for good'],

  // What servers ask of it
  'retry-after-in-ms': ['RT-5', 'reads the seconds of Retry-After as milliseconds'],
  'retry-after-date-ignored': ['RT-5', 'heeds Retry-After in seconds, but not as a date'],
  'retry-after-by-own-clock': ['RT-5', 'compares the date of Retry-After with its own clock'],
  'retry-after-for-all': ['9.10', 'leaves every share alone when one asks for it'],
  'share-login-repeated': ['SWM-7', 'asks a share again that has refused its account'],
  'login-elsewhere': [
    'SWM-7',
    'takes a refused login for an outage, and logs in at the next server',
  ],
  'login-refused-unmetered': ['SWM-7', 'stops metering once its login was refused'],
  'busy-ignores-the-time': ['SWM-8', 'asks a busy server before the time that this has named'],
  'busy-is-no-attempt': ['SWM-8', 'waits for a busy server without end'],
  'configuration-first': ['SWM-9', 'uploads only what has a configuration before it'],
  'cut-configuration-kept': ['SWM-9', 'keeps what came of a configuration that was cut off'],
  'forbidden-forgotten-at-start': [
    'SWM-10',
    'knows no forbidden programs from its start to the next download',
  ],
  'forbidden-asks-the-server': [
    '9.23',
    'asks a server for a program that it knows to be forbidden',
  ],
  'configuration-loop': ['SWM-9', 'repeats a failed download every second'],

  // Licences
  'denial-repeated': ['RT-6', 'asks again after a denial, as after an outage'],
  'denial-elsewhere': ['FO-3', 'asks the next server after a denial'],
  'denial-remembered': ['9.19', 'denies all later runs of a program that was denied once'],
  'any-answer-is-a-grant': ['FO-3', 'takes any answer to its request for a grant'],
  'version-not-checked': ['9.15', 'believes frames of another version of the protocol'],
  'hangs-up-after-a-denial': ['SWM-11', 'leaves the server that is to call it back'],
  'callback-repeated': ['SWM-11', 'asks for another callback after one that came to nothing'],
  'late-grant-kept': ['9.14', 'keeps a licence that is granted after the program has stopped'],
  'lease-forgotten-with-the-pipe': ['FO-8', 'forgets its licences when a connection breaks'],
  'denied-run-recorded': ['9.19', 'writes a record of a run that was denied'],
  'outage-is-a-denial': ['FO-3', 'meters no run for which it could ask no server'],
  'release-to-the-current': [
    'FO-4',
    'sends a release to the server in use, not to the one that granted',
  ],
  'release-lost-with-the-pipe': ['9.18', 'forgets a release that it cannot deliver at once'],
  'release-asked-once': ['9.18', 'forgets a release that was not answered'],
  'leases-forgotten-at-start': ['9.18', 'forgets its licences when it is killed'],
  'new-holder-each-time': ['FO-8', 'introduces itself under another name on each connection'],
  'seat-kept-after-the-stop': ['9.14', 'keeps a licence until it ends itself'],
  'shared-lease-released-early': [
    '9.14',
    'releases a licence with the first of two runs that share it',
  ],
  'denial-undoes-the-run': [
    '9.19',
    'drops the usage of a run that was granted first and denied later',
  ],
  'check-in-forgotten': ['9.25', 'keeps a checked-out licence that the user has given back'],
  'live-status-never': ['FO-7', 'never says that it still runs'],
  'live-status-once': ['FO-7', 'says once that it still runs'],
  'status-to-the-assigned': ['FO-7', 'says only to its assigned server that it still runs'],
  'lost-lease-ignored': ['FO-7', 'does not ask again for a licence that the server has forgotten'],
} as const satisfies Readonly<Record<string, readonly [breaks: string, about: string]>>;
