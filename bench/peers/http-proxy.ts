/** bench/peers/http-proxy.ts: http-proxy as a balancer over keep-alive connections, X-Forwarded-* on. */
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { inTurn, peerArguments } from './peer.js';

const { port, backends } = peerArguments();
const nextTarget = inTurn(backends.map((backend) => `http://${backend}`));
const proxy = httpProxy.createProxyServer({ agent: new Agent({ keepAlive: true }), xfwd: true });
proxy.on('error', (_error, _request, response) => {
  if (!response.headersSent) response.writeHead(502);
  response.end();
});
createServer((request, response) => proxy.web(request, response, { target: nextTarget() })).listen(port, '127.0.0.1');
