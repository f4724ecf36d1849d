// An authority of one case: its certificate is given to the client, its key never leaves this process.
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { bits, integer, objectId, octets, sequence, set, tagged, time, TRUE, utf8 } from './der.ts';
import { octetsOfIPv6 } from './plain-address.ts';

const DAY_MS = 86_400_000;
const VALID_BEFORE_MS = DAY_MS;
const VALID_AFTER_MS = 400 * DAY_MS;

/** RFC 5758 §3.2. */
const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
/** RFC 5280 §4.2.1.3: bits of KeyUsage, with the number of those that do not count. */
const DIGITAL_SIGNATURE = bits(Uint8Array.of(0x80), 7);
const SIGNS_CERTIFICATES = bits(Uint8Array.of(0x06), 1);
const SERVER_AUTHENTICATION = objectId('1.3.6.1.5.5.7.3.1');

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** A certificate and its key, as PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says of one subject. */
interface Statement {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/**
 * Makes certificates (X.509 v3, RFC 5280; EC P-256) that are valid from a day before the earliest of the given dates, in ms
 * since 1970, to 400 days after the latest. A run gives its epoch and today: the TLS library of a client in virtual time
 * may ask the system for the date.
 */
export class TestAuthority {
  /** Its own certificate, PEM. */
  readonly cert: string;
  readonly #keys = newKeys();
  readonly #name = `Meterproof test authority ${randomBytes(4).toString('hex')}`;
  readonly #validity: Buffer;

  constructor(...datesMs: readonly [number, ...number[]]) {
    this.#validity = sequence(
      time(Math.min(...datesMs) - VALID_BEFORE_MS),
      time(Math.max(...datesMs) + VALID_AFTER_MS),
    );
    this.cert = this.#certify({
      subject: this.#name,
      publicKey: this.#keys.publicKey,
      extensions: [
        // No authority below this one.
        extension('2.5.29.19', sequence(TRUE, integer(Uint8Array.of(0))), 'critical'),
        extension('2.5.29.15', SIGNS_CERTIFICATES, 'critical'),
      ],
    });
  }

  /** A server's identity. `names` are DNS names and addresses; the first is its common name. */
  identify(names: readonly [string, ...string[]]): Identity {
    const { publicKey, privateKey } = newKeys();
    const cert = this.#certify({
      subject: names[0],
      publicKey,
      extensions: [
        extension('2.5.29.19', sequence(), 'critical'),
        extension('2.5.29.15', DIGITAL_SIGNATURE, 'critical'),
        extension('2.5.29.37', sequence(SERVER_AUTHENTICATION)),
        extension('2.5.29.17', sequence(...names.map(generalName))),
      ],
    });
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }

  #certify({ subject, publicKey, extensions }: Statement): string {
    const own = identifierOf(publicKey);
    const issuer = identifierOf(this.#keys.publicKey);
    const statement = sequence(
      tagged(0, integer(Uint8Array.of(2)), 'explicit'),
      integer(Buffer.concat([Uint8Array.of(1), randomBytes(15)])),
      ECDSA_WITH_SHA256,
      nameOf(this.#name),
      this.#validity,
      nameOf(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(
        3,
        sequence(
          ...extensions,
          // Strict readers ask for both identifiers.
          extension('2.5.29.14', octets(own)),
          extension('2.5.29.35', sequence(tagged(0, issuer, 'implicit'))),
        ),
        'explicit',
      ),
    );
    const signature = sign('sha256', statement, this.#keys.privateKey);
    return new X509Certificate(sequence(statement, ECDSA_WITH_SHA256, bits(signature))).toString();
  }
}

const newKeys = (): Pair => generateKeyPairSync('ec', { namedCurve: 'P-256' });

const nameOf = (commonName: string): Buffer =>
  sequence(set(sequence(objectId('2.5.4.3'), utf8(commonName))));

const identifierOf = (key: KeyObject): Buffer =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);

function extension(id: string, value: Buffer, critical?: 'critical'): Buffer {
  return sequence(objectId(id), ...(critical ? [TRUE] : []), octets(value));
}

/** RFC 5280 §4.2.1.6. */
function generalName(name: string): Buffer {
  if (isIPv4(name)) return tagged(7, Uint8Array.from(name.split('.').map(Number)), 'implicit');
  if (isIPv6(name)) return tagged(7, octetsOfIPv6(name), 'implicit');
  return tagged(2, Buffer.from(name, 'latin1'), 'implicit');
}
