/**
 * bench/load/generator.ts: `node generator.js [BACKEND_PORT...]`: the load generator, which takes commands as lines of
 * JSON on stdin ({@link Command}) and reports on stdout. It can be the backends too: two processes that share a core wait
 * for each other's time slices, milliseconds that would drown what a proxy takes; and a process that lives on has its
 * code warm.
 */
import { createInterface } from 'node:readline';
import { createBackend } from '../backend-server.js';
import { LOOPBACK } from '../loopback.js';
import { type Command, commandSchema, type Report } from './order.js';
import { holdConnections, sendLoad } from './send-load.js';

const BODY_BYTES = 66;

function report(what: Report): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function obey(command: Command): Promise<void> {
  if (command.do === 'load') {
    const records = await sendLoad(command.order, (atMs) => report({ say: 'begun', atMs }));
    report({ say: 'records', records });
  } else {
    await holdConnections(new URL(command.url), command.connections, (left) => report({ say: 'lost', left }));
    report({ say: 'held' });
  }
}

for (const port of process.argv.slice(2)) createBackend(BODY_BYTES).listen(Number(port), LOOPBACK);
createInterface({ input: process.stdin })
  .on('line', (line) => void obey(commandSchema.parse(JSON.parse(line))))
  // Whoever started this is gone.
  .on('close', () => process.exit(0));
