/** bench/micro/run.ts: `node run.js NAME`: runs one micro bench and prints its table as JSON, for the bench. */
import { measureBroadcast } from './broadcast.js';
import { measureCounters } from './counters.js';
import { measureHead } from './head.js';
import { measurePick } from './pick.js';
import { measureReload } from './reload.js';
import { measureRoutes } from './routes.js';
import { measureSnapshot } from './snapshot.js';
import type { MicroTable } from './table.js';

const BENCHES: Readonly<Record<string, () => MicroTable | Promise<MicroTable>>> = {
  head: measureHead,
  pick: measurePick,
  routes: measureRoutes,
  snapshot: measureSnapshot,
  counters: measureCounters,
  broadcast: measureBroadcast,
  reload: measureReload,
};

const name = process.argv[2] ?? '';
const measure = BENCHES[name];
if (measure === undefined) throw new Error(`there is no micro bench "${name}"`);
console.log(JSON.stringify(await measure()));
