// Recorded messages of the pipe, used again for other requests of the same meaning.
import type { SeenRequest } from '../../emulator.ts';
import {
  encode,
  FrameDecoder,
  ProtocolError,
  type ClientMessage,
  type Decoded,
  type Message,
  type Sender,
} from '../codec/index.ts';

/** Length, version, type and request id. */
const HEADER_LENGTH = 10;

export function pipeRequests(): (bytes: Uint8Array) => readonly SeenRequest[] {
  const decoder = new FrameDecoder('client');
  return (bytes) => decoder.push(bytes).map(seen);
}

function seen({ requestId, message }: Decoded<ClientMessage>): SeenRequest {
  const request = { meaning: meaningOf(message), id: requestId, own: ownOf(message) };
  return message.type === 'bye' ? { ...request, isLast: true } : request;
}

/** Who the client is, and the version of a program, are no matter of what is asked. */
function meaningOf(message: ClientMessage): string {
  switch (message.type) {
    case 'hello':
      return `hello ${message.mode}`;
    case 'request-use':
    case 'request-callback':
    case 'check-out':
      return [message.type, message.program, message.originalName].filter(Boolean).join(' ');
    case 'release':
    case 'check-in':
      return `${message.type} ${message.lease}`;
    default:
      return message.type;
  }
}

function ownOf(message: ClientMessage): readonly string[] {
  return message.type === 'live-status' ? message.leases : [];
}

export function answerToPipe(bytes: Uint8Array): number | undefined {
  try {
    const head = Buffer.from(bytes.subarray(0, HEADER_LENGTH));
    if (head.length < HEADER_LENGTH) return undefined;
    new FrameDecoder('server').push(head);
    return head.readUInt32BE(6);
  } catch {
    return undefined;
  }
}

/**
 * The request id is that of the request; a time of the server is moved with the clock; of a live status those leases are
 * acknowledged that the client names now, but for those that the server did not know then.
 */
export function readdressPipe(
  answer: Buffer,
  { from, to, shiftMs }: { from: SeenRequest; to: SeenRequest; shiftMs: number },
): Buffer {
  return rewritten('server', answer, ({ requestId, message }) => ({
    // What is pushed answers nothing, and what answers another request is not ours to change.
    requestId: requestId === from.id ? to.id : requestId,
    message: adapted(message, from, to, shiftMs),
  }));
}

function adapted(message: Message, from: SeenRequest, to: SeenRequest, shiftMs: number): Message {
  if (message.type === 'welcome')
    return { ...message, serverTimeMs: Math.max(0, message.serverTimeMs + shiftMs) };
  if (message.type !== 'live-ack') return message;
  const unknown = new Set(from.own.filter((lease) => !message.leases.includes(lease)));
  return { ...message, leases: to.own.filter((lease) => !unknown.has(lease)) };
}

export function renamePipe(requests: Buffer, leases: ReadonlyMap<string, string>): Buffer {
  const renamed = (lease: string): string => leases.get(lease) ?? lease;
  return rewritten('client', requests, ({ requestId, message }) => ({
    requestId,
    message:
      message.type === 'release' || message.type === 'check-in'
        ? { ...message, lease: renamed(message.lease) }
        : message.type === 'live-status'
          ? { ...message, leases: message.leases.map(renamed) }
          : message,
  }));
}

/** Whole messages changed; what is none, from where it begins, as it is. */
function rewritten(sender: Sender, bytes: Buffer, change: (decoded: Decoded) => Decoded): Buffer {
  const { decoded, end } = wholeMessages(sender, bytes);
  return Buffer.concat([
    ...decoded.map((one) => {
      const { requestId, message } = change(one);
      return encode(message, requestId);
    }),
    bytes.subarray(end),
  ]);
}

function wholeMessages(
  sender: Sender,
  bytes: Buffer,
): { readonly decoded: readonly Decoded[]; readonly end: number } {
  const decoded: Decoded[] = [];
  let end = 0;
  while (end + HEADER_LENGTH <= bytes.length) {
    const next = end + 4 + bytes.readUInt32BE(end);
    if (next > bytes.length) break;
    try {
      decoded.push(...new FrameDecoder(sender).push(bytes.subarray(end, next)));
    } catch (error) {
      if (error instanceof ProtocolError) break;
      throw error;
    }
    end = next;
  }
  return { decoded, end };
}
