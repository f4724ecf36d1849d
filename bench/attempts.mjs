// A client that does nothing but try: one connection attempt every so many milliseconds, so many times.
import net from 'node:net';

const [everyMs, times] = process.argv.slice(2).map(Number);
const [host, port] = process.env.METERPROOF_SERVER_ALPHA_PIPE.split(':');
let tried = 0;
const attempt = () => {
  net.connect(Number(port), host).on('error', () => {});
  if (++tried === times) clearInterval(timer);
};
const timer = setInterval(attempt, everyMs);
