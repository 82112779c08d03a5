/** bench/backend.ts: `node backend.js PORT BYTES`: a backend process on loopback. */
import { createBackend } from './backend-server.js';
import { LOOPBACK } from './loopback.js';
import { peerArguments } from './peers/peer.js';

const { port, backends: sizes } = peerArguments();
createBackend(Number(sizes[0])).listen(port, LOOPBACK);
