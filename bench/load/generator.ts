/**
 * bench/load/generator.ts: `node generator.js [BACKEND_PORT...]`: the load generator, which takes commands as lines of
 * JSON on stdin ({@link GeneratorCommand}) and reports on stdout. It can serve as the backends too: two processes on one
 * core wait for each other's time slices, milliseconds that would hide what a proxy takes. It runs one load after
 * another, so that its code is compiled by then.
 */
import { createInterface } from 'node:readline';
import { createBackend } from '../backend-server.js';
import { LOOPBACK } from '../loopback.js';
import { commandSchema, type GeneratorCommand, type GeneratorReport } from './order.js';
import { holdConnections, sendLoad } from './send-load.js';

const BODY_BYTES = 66;

function report(what: GeneratorReport): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function obey(command: GeneratorCommand): Promise<void> {
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
  // The process that started this one has ended.
  .on('close', () => process.exit(0));
