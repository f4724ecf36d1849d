export { encode } from './encode.ts';
export { FrameDecoder, type Decoded } from './frame.ts';
export {
  MAX_LENGTH,
  MESSAGES,
  PROTOCOL_VERSION,
  type ClientMessage,
  type Field,
  type Message,
  type MessageDescription,
  type MessageOf,
  type MessageType,
  type Sender,
  type ServerMessage,
} from './messages.ts';
export { PROTOCOL_FAULTS, ProtocolError, type ProtocolFault } from './protocol-error.ts';
