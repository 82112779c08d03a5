// A program with a balancer inside, with two worker processes and the admin interface. The program handles Ctrl-C itself:
// the balancer installs no signal handlers.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createBalancer } from 'roundhouse-lb';

const server = createServer((_request, response) => response.end('hello\n'));
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const balancer = createBalancer(
  {
    workers: 2,
    admin: '127.0.0.1:0',
    drain: '5s',
    pools: { app: { backends: [{ address: `127.0.0.1:${server.address().port}` }] } },
  },
  { log: ({ level, message, ...fields }) => console.error(level, message, fields) },
);
await balancer.start();
console.log(`${balancer.url} with ${balancer.view().workers.length} workers, looked at on ${balancer.adminAddress}`);

await once(process, 'SIGINT');
await balancer.close();
server.close();
