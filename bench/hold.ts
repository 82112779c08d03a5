/**
 * bench/hold.ts: `node hold.js URL COUNT`: opens COUNT connections, asks one request on each, says `held COUNT` on
 * stdout and keeps them open until its stdin ends.
 */
import { connect, type Socket } from 'node:net';

/** Connections being opened at a time. */
const AT_ONCE = 64;

process.stdin.on('end', () => process.exit(0)).resume();
const [address = '', count = ''] = process.argv.slice(2);
const url = new URL(address);
const request = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
const held = new Set<Socket>();
let left = Number(count);

/** @returns once the connection is held */
function hold(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => socket.write(request));
    // A small answer comes in one piece.
    socket.once('data', () => {
      held.add(socket);
      resolve();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (held.delete(socket)) console.log(`lost, ${held.size} left`);
      else reject(new Error('a connection was closed without an answer'));
    });
  });
}

async function holdInTurn(): Promise<void> {
  while (left-- > 0) await hold();
}

await Promise.all(Array.from({ length: AT_ONCE }, holdInTurn));
console.log(`held ${held.size}`);
