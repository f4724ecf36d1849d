import t from 'tap';
import { NameTable } from './stand-ins.ts';

t.test('the same name gets the same stand-in, another name another', (t) => {
  const names = new NameTable(['accounts', 'workstations']);
  t.equal(names.name('account', 'Bob'), 'account-1');
  t.equal(names.name('workstation', 'BOB-PC'), 'workstation-1');
  t.equal(names.name('account', 'Ann'), 'account-2');
  t.equal(names.name('account', 'Bob'), 'account-1');
  t.equal(names.name('workstation', 'Bob'), 'account-1', 'one name, one stand-in');
  t.equal(names.name('account', ''), '', 'nobody stays nobody');
  t.end();
});

t.test('names of a kind that is kept are kept', (t) => {
  const names = new NameTable(['accounts']);
  t.equal(names.name('workstation', 'BOB-PC'), 'BOB-PC');
  t.equal(names.text('BOB-PC-1.log'), 'BOB-PC-1.log');
  t.end();
});

t.test('in a text whole words are replaced, the longest first', (t) => {
  const names = new NameTable(['accounts', 'workstations']);
  for (const [kind, name] of [
    ['workstation', 'bob-pc'],
    ['account', 'bob'],
    ['account', 'LAB\\ann'],
    ['account', '7'],
  ] as const)
    names.name(kind, name);
  t.equal(names.text('bob-pc-17.log'), 'workstation-1-17.log');
  t.equal(names.text('log-of-bob-pc'), 'log-of-workstation-1');
  t.equal(names.text('bob, bobby and kabob'), 'account-1, bobby and kabob');
  t.equal(names.text('no seat for LAB\\ann (7)'), 'no seat for account-2 (7)');
  t.equal(names.text('/LicMtr/Inboxes/bob.log'), '/LicMtr/Inboxes/account-1.log');
  t.end();
});
