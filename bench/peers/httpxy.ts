/** bench/peers/httpxy.ts: httpxy as a balancer over keep-alive connections, X-Forwarded-* on. */
import { Agent, createServer, ServerResponse } from 'node:http';
import { createProxyServer } from 'httpxy';
import { inTurn, peerArguments } from './peer.js';

const { port, backends } = peerArguments();
const nextTarget = inTurn(backends.map((backend) => `http://${backend}`));
const proxy = createProxyServer({ agent: new Agent({ keepAlive: true }), xfwd: true });
proxy.on('error', (_error, _request, response) => {
  if (response instanceof ServerResponse && !response.headersSent) response.writeHead(502);
  response?.end();
});
createServer((request, response) => {
  void proxy.web(request, response, { target: nextTarget() });
}).listen(port, '127.0.0.1');
