// Where the clients of a case find its servers.
import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6, Socket } from 'node:net';
import type { FaceDescription } from '../../emulators/emulator.ts';
import type { ServerAddress } from '../client/configuration.ts';
import { errorText } from '../client/error-text.ts';
import { HarnessError } from '../client/process.ts';

/**
 * Where the nth client, from 0, finds each face of these servers. No two clients find a face at one place, so that
 * address and port name client, server and face before a word is said.
 */
export type Places = (
  client: number,
  servers: readonly string[],
  faces: readonly Pick<FaceDescription, 'name' | 'port'>[],
) => readonly ServerAddress[];

export const LOOPBACK_IPV4 = '127.0.0.1';
/** IPv6 has one address of loopback (RFC 4291 §2.5.3). */
export const LOOPBACK_IPV6 = '::1';
/** Real time, on a busy machine. */
const REACH_MS = 10_000;
/** Below the ports that systems give to connections: no client's end of one takes the port of a server that is down. */
const LAST_PORT = 32_767;

/** An address for each client and server, `127.77.1.2`, with the faces' own ports. */
export function addressesBelow(block: string): Places {
  return (client, servers, faces) =>
    servers.map((name, server) => ({
      name,
      address: `${block}.${client + 1}.${server + 1}`,
      ports: Object.fromEntries(faces.map((face) => [face.name, face.port])),
    }));
}

/** `::1`, with a port for each client, server and face, from `first` on. Throws a HarnessError where the ports end. */
export function portsOfLoopback(first: number): Places {
  return (client, servers, faces) =>
    servers.map((name, server) => {
      const from = first + (client * servers.length + server) * faces.length;
      if (from + faces.length > LAST_PORT + 1)
        throw new HarnessError(
          `a case of so many clients and servers has no room on ::1: ports end at ${LAST_PORT}; leave network: ipv6 out of the profile`,
        );
      return {
        name,
        address: LOOPBACK_IPV6,
        ports: Object.fromEntries(faces.map((face, index) => [face.name, from + index])),
      };
    });
}

/** Why clients cannot reach servers at this address of loopback, with the remedies; undefined: they can. */
export async function whyNoLoopback(address: string): Promise<string | undefined> {
  const server = createServer((socket) => socket.destroy());
  const socket = new Socket().on('error', () => {});
  try {
    server.listen({ host: address, port: 0 });
    await once(server, 'listening');
    // To listen is no proof: where the interface is down, that goes well and nobody arrives.
    socket.connect((server.address() as AddressInfo).port, address);
    await once(socket, 'connect', { signal: AbortSignal.timeout(REACH_MS) });
    return undefined;
  } catch (error) {
    return isIPv6(address)
      ? `its profile says network: ipv6, and this machine has no ${address} (${errorText(error)}): switch IPv6 on (sysctl -w net.ipv6.conf.lo.disable_ipv6=0; a container has to be started with it), use --time virtual, or leave network: ipv6 out`
      : `this machine does not reach itself at ${address} (${errorText(error)}): its loopback interface has to be up (ip link set lo up; a network namespace is made without)`;
  } finally {
    socket.destroy();
    server.close();
  }
}
