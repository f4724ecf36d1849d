// A client that does nothing but try: one connection attempt every so many milliseconds.
import net from 'node:net';

const everyMs = Number(process.argv[2]);
const [host, port] = process.env.METERPROOF_SERVER_ALPHA_PIPE.split(':');
setInterval(() => {
  const socket = net.connect(Number(port), host, () => socket.destroy());
  socket.on('error', () => {});
}, everyMs);
