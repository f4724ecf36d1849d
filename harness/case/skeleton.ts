/** The text of a new case file with that id: it passes `validate` as it is, and says what each line is for. */
export function skeleton(id: string): string {
  return `# ${id}: check it with "meterproof validate", run it with "meterproof run ${id}".
# One sentence: what a correct client does, and while what goes wrong.
title: an offline client uploads to the next server while its primary refuses connections
# Where it is written that the client owes this: an article, a clause, a ticket. One text or a list.
source: Q235786
# Rules that the case exercises, besides those that every case checks.
rules: [SWM-1]
# The servers in the order of the client. The first is the assigned one.
servers: [alpha, bravo]
# All settings are optional; times are written 30s, 15m, 4h, 1d.
client: { mode: offline, attempts: 3, retryDelay: 15m, pollingInterval: 4h }
# What is done. TIME  ACTOR[.face]  ACTION; 0s is the moment at which the servers listen. A # and a blank begin a comment.
play: |
  0s   alpha   down refuse                   # until the end, or until a step such as: 6h  alpha  up
  0s   client  start
  10m  client  run notepad.exe for 5m
  7h   end                                   # faults are lifted, and the client gets the time to deliver
# What must be seen, in this order. WINDOW  SERVER[.face]  EVENT  field=value …  {COUNT}
expect: |
  4h..4h1m  alpha.share  refused        {1..2}      # tried first
  ..+2m     bravo.share  upload-accept  records=1   # at most two minutes after the line before
# What must not be seen.
never: |
  ..4h  *.share  upload-offer
# What must have become of the usage records when all is over.
ledger: delivered=1 lost=0
`;
}
