// A test of your own server behind a real balancer: `node --test examples/library/in-a-test.mjs`. It starts
// within milliseconds on a free port, prints nothing, and leaves nothing open.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { createBalancer } from 'roundhouse-lb';

let backend;
let balancer;

before(async () => {
  backend = createServer((request, response) => response.end(request.headers['x-forwarded-host']));
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const address = `127.0.0.1:${backend.address().port}`;
  balancer = await createBalancer({ pools: { app: { backends: [{ address }] } } }).start();
});

after(async () => {
  await balancer.close(0);
  backend.close();
});

test('the application sees the host that its client asked for', async () => {
  const response = await fetch(balancer.url);
  assert.equal(await response.text(), new URL(balancer.url).host);
});
