import t from 'tap';
import { parseProfile, ProfileError } from './profile.ts';

const OPAQUE = `name: x
command: [x, "--cacert={ca}"]
tier: black-box
protocol: opaque
servers: { alpha: { upstream: example.test:8883 } }
policy: { attempts: 1, retryDelay: 5s, connectTimeout: 5s, answerTimeout: 5s }
tls: terminate
`;
const read = (text: string) => parseProfile(text, 'my.yaml', '/');
const problemsOf = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ProfileError) return error.message;
    throw error;
  }
  return '';
};

t.test('TLS stays closed unless the profile says otherwise', (t) => {
  const alpha = { host: 'example.test', port: 8883 };
  const closed = read(OPAQUE.replace('tls: terminate\n', '').replace('{ca}', 'x'));
  t.equal(closed.tls, undefined);
  t.same(closed.upstreams, { alpha: { ...alpha, tls: false } });
  t.same(read(OPAQUE).upstreams, { alpha: { ...alpha, tls: true } });
  t.same(read(`${OPAQUE}upstreamTls: false\n`).upstreams, { alpha: { ...alpha, tls: false } });
  t.end();
});

t.test('what is wrong about TLS is told with its place', (t) => {
  t.match(problemsOf(OPAQUE.replace('terminate', 'open')), /my\.yaml:7:6: tls .* — terminate, or/);
  t.match(problemsOf(`${OPAQUE}upstreamTls: no thanks\n`), /my\.yaml:8:14: .* — true or false/);
  const closed = OPAQUE.replace('tls: terminate', 'upstreamTls: false');
  t.match(problemsOf(closed), /my\.yaml:7:1: upstreamTls is for opaque clients whose TLS/);
  t.match(problemsOf(closed), /my\.yaml:2:14: nothing is known for \{ca\}/);
  t.match(
    problemsOf('name: x\ncommand: [x]\ntier: driven\ntls: terminate\n'),
    /my\.yaml:4:1: tls is for opaque clients/,
  );
  t.end();
});

t.test('a place that no server of the profile has is told before a case is played', (t) => {
  const at = (template: string): string => problemsOf(OPAQUE.replace('{ca}', `{${template}}`));
  t.equal(at('server.alpha.tcp'), '');
  t.equal(at('server.alpha.tcp.port'), '');
  t.match(at('server.alpha.pipe'), /my\.yaml:2:14: .* — did you mean "server\.alpha\.tcp"\?/);
  t.match(at('server.alpah.tcp'), /my\.yaml:2:14: .* — did you mean "server\.alpha\.tcp"\?/);
  t.match(at('server.charlie.tcp'), /my\.yaml:2:14: nothing is known for \{server\.charlie\.tcp\}/);
  t.end();
});

t.test('a real server has an address, or a command that starts it', (t) => {
  const servers = (text: string): string =>
    OPAQUE.replace('{ alpha: { upstream: example.test:8883 } }', text);
  const { upstreams, upstreamCommands } = read(
    servers('{ alpha: { command: [broker, "{port}", "{here}/x"] }, bravo: { upstream: b:1 } }'),
  );
  t.same(Object.keys(upstreams), ['bravo']);
  t.same(upstreamCommands, { alpha: { command: ['broker', '{port}', '//x'], tls: true } });
  const wrong = /my\.yaml:5:\d+: servers\.alpha.* — servers by name, each with its real server/;
  t.match(problemsOf(servers('{ alpha: {} }')), wrong);
  t.match(problemsOf(servers('{ alpha: { upstream: b:1, command: [x] } }')), wrong);
  t.match(problemsOf(servers('{ alpha: { command: [] } }')), wrong);
  t.match(
    problemsOf(servers('{ alpha: { command: [x, "{prot}"] } }')),
    /my\.yaml:5:\d+: nothing is known for \{prot\} — did you mean "port"/,
  );
  t.end();
});
