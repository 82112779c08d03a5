/** bench/peers/fast-proxy.ts: fast-proxy on its undici client, one instance per backend. */
import { createServer } from 'node:http';
import fastProxy from 'fast-proxy';
import { inTurn, peerArguments } from './peer.js';

const { port, backends } = peerArguments();
const nextProxy = inTurn(backends.map((backend) => fastProxy({ base: `http://${backend}`, undici: {} }).proxy));
createServer((request, response) => nextProxy()(request, response, request.url ?? '/', {})).listen(port, '127.0.0.1');
