/** bench/servers.ts: `npm run servers -- N`: test servers that name themselves, each a process of its own. */
import { createProgram, readCount, readPort, runProgram } from '../src/commands/program.js';
import { freePort, restartCommand, startFleet } from '../src/commands/sample-fleet.js';

const MOST_SERVERS = 64;
const FIRST_PORT = 3001;

await runProgram(
  createProgram('servers')
    .description('Starts HTTP test servers on loopback that say in each answer which one gave it.')
    .argument('[count]', 'how many, 1 to 64', '3')
    .option('--port <port>', `the first port, the others follow (default: from ${FIRST_PORT}, past those in use)`)
    .addHelpText('after', '\nPaths: /  /health  /slow?ms=500  /status/503  /bytes/1000000, and POST echoes its body.')
    .action(servers),
  process.argv,
);

async function servers(count: string, options: { readonly port?: string }): Promise<void> {
  const amount = readCount(count, 'COUNT', MOST_SERVERS);
  const fleet = await startFleet(await portsFor(amount, options.port));
  for (const { id, address, pid } of fleet.members) console.log(`${address}  ${id}, pid ${pid}`);
  console.log('\nPut a balancer in front of them, in another terminal:');
  console.log(`  npm start -- ${fleet.members.map(({ address }) => address).join()}`);
  console.log('\nCtrl-C ends them all.');
  let stopping = false;
  for (const member of fleet.members) {
    member.ended.then((how) => {
      if (!stopping) console.log(`${member.id} ended (${how}); start it again: ${restartCommand(member)}`);
    });
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stopping = true;
      fleet.stop().then(() => process.exit(0));
    });
  }
}

/** @returns the ports that were asked for, or free ones from {@link FIRST_PORT} on */
async function portsFor(amount: number, port: string | undefined): Promise<readonly number[]> {
  const offsets = Array.from({ length: amount }, (_, index) => index);
  if (port === undefined) return Promise.all(offsets.map((offset) => freePort(FIRST_PORT + offset)));
  const first = readPort(port, '--port', 0);
  if (first === 0) return offsets.map(() => 0);
  readPort(String(first + amount - 1), 'the last port', 1);
  return offsets.map((offset) => first + offset);
}
