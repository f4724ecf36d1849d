import type { Wire, WireListener } from '../../shim/transport.ts';
import type { Dialed } from '../../shim/transport-virtual.ts';
import type { ClientEvent } from './link.ts';

/**
 * A connection that a process in virtual time has accepted: its own end, which it uses as it does one that it has opened, and
 * what the network tells there. `tell` hears of it under that id.
 */
export function acceptedEnd(
  wire: Wire,
  id: number,
  tell: (event: ClientEvent) => void,
): { readonly socket: Dialed; readonly heard: WireListener } {
  let isClosed = false;
  let isReset = false;
  const reset = () => {
    if (!isReset) wire.reset();
    isReset = true;
  };
  wire.resume();
  return {
    socket: {
      write: (bytes) => wire.write(bytes, () => {}),
      end: () => wire.end(),
      reset,
      close() {
        isClosed = true;
        if (!isReset) wire.end();
      },
    },
    heard: {
      data(bytes) {
        // Nobody reads any more: a system answers that with an RST.
        if (isClosed) reset();
        else tell({ event: 'data', id, base64: bytes.toString('base64') });
      },
      end: () => tell({ event: 'end', id }),
      reset() {
        isReset = true;
        tell({ event: 'reset', id });
      },
    },
  };
}
