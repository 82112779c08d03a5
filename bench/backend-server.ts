/**
 * bench/backend-server.ts: a backend that costs as little as Node allows, so that the load on the machine is the
 * proxy's. It answers everything with 200 and the same body.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { RequestCounter } from './request-counter.js';

/** @returns a server that is not listening yet; every answer has a body of `bytes` */
export function createBackend(bytes: number): Server {
  // The fields that node:http adds by itself: what stands behind a Node balancer is mostly Node.
  const common = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: ${new Date().toUTCString()}\r\n`;
  const rest = `Content-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`;
  const keepAlive = `${common}Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n${rest}`;
  const answers: Answers = {
    keepAlive: Buffer.from(keepAlive, 'latin1'),
    several: (count) => Buffer.from(keepAlive.repeat(count), 'latin1'),
    last: Buffer.from(`${common}Connection: close\r\n${rest}`, 'latin1'),
  };
  return createServer({ noDelay: true }, (socket) => answerOn(socket, answers));
}

interface Answers {
  readonly keepAlive: Buffer;
  readonly several: (count: number) => Buffer;
  readonly last: Buffer;
}

function answerOn(socket: Socket, answers: Answers): void {
  const counter = new RequestCounter();
  socket.on('data', (chunk) => {
    const complete = counter.take(chunk);
    const kept = counter.closing ? complete - 1 : complete;
    if (kept === 1) socket.write(answers.keepAlive);
    // Requests that came together are answered together, as they would be by a server that saves system calls.
    else if (kept > 1) socket.write(answers.several(kept));
    if (counter.closing && complete > 0) socket.end(answers.last);
  });
  socket.on('error', () => socket.destroy());
}
