/** bench/scenarios/micro.ts: runs a micro bench in a process of its own, in turns with that of another build. */
import { dirname, join } from 'node:path';
import { type Build, THIS_BUILD } from '../builds.js';
import { messageOf } from '../children.js';
import { type MicroTable, microTableSchema } from '../micro/table.js';
import type { AbsentSubject, Scenario, ScenarioContext, ScenarioResult } from '../scenario.js';
import type { Column, Track } from '../track.js';

const WITHIN_MS = 120_000;
/** Runs of each build when two are compared. */
const COMPARED_RUNS = 3;

/** @param cores `two` for a micro bench that starts processes of its own */
export function micro(name: string, cores: 'one' | 'two' = 'one'): Scenario['run'] {
  return async (bench) => {
    const { against } = bench.options;
    const tables: MicroTable[] = [];
    const others: MicroTable[] = [];
    const absent: AbsentSubject[] = [];
    for (let run = 0; run < (against === undefined ? 1 : COMPARED_RUNS); run++) {
      bench.progress('measuring');
      tables.push(await measure(THIS_BUILD, name, cores, bench));
      if (against === undefined || absent.length > 0) continue;
      try {
        others.push(await measure(against, name, cores, bench));
      } catch (error) {
        absent.push({ name: against.label, reason: messageOf(error) });
      }
    }
    const tracks = [...tracksOf(tables, false), ...tracksOf(others, true)];
    return { columns: columnsOf(tables), tracks, absent } satisfies ScenarioResult;
  };
}

/** @throws {Error} when `build` has no such micro bench, or it fails */
async function measure(build: Build, name: string, cores: 'one' | 'two', bench: ScenarioContext): Promise<MicroTable> {
  const file = join(dirname(build.cli), '../bench/micro/run.js');
  const output = await bench.children.run([build.node, file, name], bench.plan[cores], WITHIN_MS);
  return microTableSchema.parse(JSON.parse(output));
}

function columnsOf([table]: readonly MicroTable[]): Column[] {
  return (table?.columns ?? []).map(({ title, digits }) => ({ title, metric: title, way: 'median', digits }));
}

/** @param other whether the rows are another build's, to be compared with the rows of the same name */
function tracksOf(tables: readonly MicroTable[], other: boolean): Track[] {
  const [first] = tables;
  return (first?.rows ?? []).map(({ name }) => ({
    name: other ? `other ${name}` : name,
    label: '',
    twinOf: other ? name : undefined,
    failure: undefined,
    samples: tables.map(({ columns, rows }) => {
      const values = rows.find((row) => row.name === name)?.values ?? [];
      return Object.fromEntries(columns.map(({ title }, index) => [title, values[index] ?? undefined]));
    }),
  }));
}
