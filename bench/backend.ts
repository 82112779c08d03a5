/**
 * bench/backend.ts: a backend process that costs as little as Node allows, so that the load on the machine is the
 * proxy's. `node backend.js PORT BYTES` answers everything on 127.0.0.1:PORT with 200 and BYTES bytes.
 */
import { createServer, type Socket } from 'node:net';
import { peerArguments } from './peers/peer.js';
import { RequestCounter } from './request-counter.js';

const { port, backends: sizes } = peerArguments();
const body = 'x'.repeat(Number(sizes[0]));
// The fields that node:http adds by itself: what stands behind a Node balancer is mostly Node.
const common = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: ${new Date().toUTCString()}\r\n`;
const length = `Content-Length: ${body.length}\r\n\r\n`;
const keepAliveText = `${common}Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n${length}${body}`;
const keepAliveAnswer = text(keepAliveText);
const lastAnswer = text(`${common}Connection: close\r\n${length}${body}`);

function text(answer: string): Buffer {
  return Buffer.from(answer, 'latin1');
}

function answer(socket: Socket): void {
  const counter = new RequestCounter();
  socket.on('data', (chunk) => {
    const complete = counter.take(chunk);
    const kept = counter.closing ? complete - 1 : complete;
    if (kept === 1) socket.write(keepAliveAnswer);
    // Requests that came together are answered together, as they would be by a server that minds its system calls.
    else if (kept > 1) socket.write(text(keepAliveText.repeat(kept)));
    if (counter.closing && complete > 0) socket.end(lastAnswer);
  });
  socket.on('error', () => socket.destroy());
}

createServer({ noDelay: true }, answer).listen(port, '127.0.0.1');
