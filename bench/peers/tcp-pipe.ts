/**
 * bench/peers/tcp-pipe.ts: the floor. Bytes go from socket to socket, on the sockets Roundhouse itself uses, and
 * nobody looks at them: what a proxy costs above this, it spends on HTTP. Every client connection takes a backend
 * connection of its own, so where clients come and go this is no floor but the price of not keeping connections.
 */
import { createServer, type Socket } from 'node:net';
import { acceptOn, adopt, dial, type Reader, SERVER_OPTIONS } from '../../workers/fast-socket.js';
import { inTurn, peerArguments } from './peer.js';

// A read is passed on before the next one begins, so one buffer serves all; only what is written is copied.
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** Passes on what `from` reads to `to`, and stops reading while `to` is behind. */
class Passage implements Reader {
  readonly readBuffer = shared;
  from: Socket | undefined;
  to: Socket | undefined;

  onRead(buffer: Buffer, length: number): void {
    if (this.to?.write(Buffer.from(buffer.subarray(0, length))) === false) this.from?.pause();
  }

  join(from: Socket, to: Socket): void {
    this.from = from;
    this.to = to;
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroySoon());
  }
}

const { port, backends } = peerArguments();
const nextBackend = inTurn(
  backends.map((backend) => {
    const colon = backend.lastIndexOf(':');
    return { host: backend.slice(0, colon), port: Number(backend.slice(colon + 1)) };
  }),
);
const server = createServer(SERVER_OPTIONS);
server.listen(port, '127.0.0.1', 1_024, () => {
  acceptOn(server, (incoming) => {
    const { host, port: backendPort } = nextBackend();
    const upward = new Passage();
    const downward = new Passage();
    const client = adopt(incoming, upward);
    const upstream = dial(host, backendPort, downward);
    upward.join(client, upstream);
    downward.join(upstream, client);
  });
});
