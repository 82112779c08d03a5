/**
 * bench/fixed-rate/station.ts: `node station.js PORT BACKEND_PORT...`: backends and a load generator in one process,
 * which sends a slice when it is asked to on PORT. Two processes that share a core wait for each other's time slices,
 * milliseconds that would drown what a proxy takes; and a process that lives on has its code warm.
 */
import { createServer } from 'node:http';
import { createBackend } from '../backend-server.js';
import { LOOPBACK } from '../loopback.js';
import { peerArguments } from '../peers/peer.js';
import { sendAtFixedRate } from './slice.js';

const BODY_BYTES = 66;

const { port, backends: ports } = peerArguments();
for (const backendPort of ports) createBackend(BODY_BYTES).listen(Number(backendPort), LOOPBACK);
createServer((request, response) => {
  const order = new URL(request.url ?? '/', 'http://station').searchParams;
  const number = (name: string): number => Number(order.get(name));
  const url = new URL(order.get('url') ?? '');
  sendAtFixedRate({ url, rate: number('rate'), connections: number('connections'), seconds: number('seconds') }).then(
    (result) => response.end(JSON.stringify(result)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(port, LOOPBACK);
