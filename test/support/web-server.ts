/**
 * test/support/web-server.ts: a web server for a process of its own, which sends its port to its parent. `/slow?ms=N` is
 * answered after so many milliseconds, everything else at once.
 */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url === '*' ? '/' : (request.url ?? '/'), 'http://server');
  const answer = (): void => void response.end('served');
  if (pathname === '/slow') setTimeout(answer, Number(searchParams.get('ms')));
  else answer();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.(address.port);
});
process.once('disconnect', () => process.exit());
