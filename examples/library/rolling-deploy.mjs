// A deploy without a failed request: for each old server a new one is added, then the old one is drained and stopped.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createBalancer } from 'roundhouse-lb';

async function startServer(release) {
  const server = createServer((_request, response) => response.end(release));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, address: `127.0.0.1:${server.address().port}` };
}

const old = [await startServer('one'), await startServer('one')];
const balancer = createBalancer({
  pools: { app: { backends: old.map(({ address }) => ({ address })) } },
});
balancer.onEvent(({ backend, text }) => console.log(backend, text));
await balancer.start();

let failed = 0;
const clients = setInterval(async () => {
  const response = await fetch(balancer.url).catch(() => undefined);
  if (response?.status !== 200) failed += 1;
  await response?.text();
}, 5);

const successors = [];
for (const { server, address } of old) {
  const successor = await startServer('two');
  successors.push(successor);
  balancer.addBackend('app', successor.address);
  await balancer.drainBackend('app', address, '30s');
  balancer.removeBackend('app', address);
  server.close();
}

clearInterval(clients);
const response = await fetch(balancer.url);
console.log(`release ${await response.text()}, ${failed} requests failed`);
await balancer.close();
for (const { server } of successors) server.close();
