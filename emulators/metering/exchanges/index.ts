import type { Exchanges } from '../../emulator.ts';
import { answerToPipe, pipeRequests, readdressPipe, renamePipe } from './pipe.ts';
import { readdressShare, shareRequests } from './share.ts';

/** How recorded sessions of docs/wire-protocol.md are played again (docs/replay.md). */
export const meteringExchanges: Exchanges = {
  requests: (face) => (face === 'share' ? shareRequests() : pipeRequests()),
  answerTo: (face, bytes) => (face === 'share' ? undefined : answerToPipe(bytes)),
  readdress: (face, answer, change) =>
    face === 'share' ? readdressShare(answer, change) : readdressPipe(answer, change),
  rename: (face, requests, leases) => (face === 'share' ? requests : renamePipe(requests, leases)),
};
