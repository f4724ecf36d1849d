import t from 'tap';
import { boundAddresses, octetsOfIPv6, plainAddress } from './plain-address.ts';

t.test('an address that can be written in several ways is written in one', (t) => {
  const ways: Readonly<Record<string, string>> = {
    '127.0.0.1': '127.0.0.1',
    '0.0.0.0': '127.0.0.1',
    '::ffff:127.1.2.3': '127.1.2.3',
    '::FFFF:7f01:203': '127.1.2.3',
    '::1': '::1',
    '::': '::1',
    '0:0:0:0:0:0:0:1': '::1',
    '::1%lo': '::1',
    '::2': '::2',
    '1::1': '1::1',
    'fe80::1%eth0': 'fe80::1%eth0',
    'license.example': 'license.example',
    '': '',
  };
  for (const [text, plain] of Object.entries(ways)) t.equal(plainAddress(text), plain, text);
  t.end();
});

t.test('who is bound to no address in particular is found at both of loopback', (t) => {
  t.same(boundAddresses('::'), ['127.0.0.1', '::1']);
  t.same(boundAddresses('::1'), ['::1']);
  t.same(boundAddresses('0.0.0.0'), ['127.0.0.1']);
  t.end();
});

t.test('the octets of an address', (t) => {
  t.equal(octetsOfIPv6('::').toString('hex'), '0'.repeat(32));
  t.equal(octetsOfIPv6('fd00::1').toString('hex'), `fd00${'0'.repeat(27)}1`);
  t.equal(octetsOfIPv6('1:2:3:4:5:6:7:8').toString('hex'), '00010002000300040005000600070008');
  t.equal(octetsOfIPv6('::ffff:1.2.3.4').toString('hex'), '00000000000000000000ffff01020304');
  t.end();
});
