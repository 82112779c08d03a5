/** control/reload-text.ts: the plan of a reload in words. */
import type { BackendPlan } from './backend-plan.js';
import type { ListenerHead, PoolPlan, ReloadPlan } from './reload-plan.js';

export interface PlanRow {
  /** What changes, such as `pool web`. */
  readonly subject: string;
  /** How it changes, such as `policy changed`. */
  readonly change: string;
}

/** @returns one row for each change; none when nothing changes */
export function planRows({ pools, listeners, settings, restart }: ReloadPlan): readonly PlanRow[] {
  const row = (subject: string, change: string): PlanRow => ({ subject, change });
  return [
    ...listeners.add.map((each) => row(listenerSubject(each), 'added')),
    ...listeners.change.flatMap((each) => each.settings.map((key) => row(listenerSubject(each), `${key} changed`))),
    ...listeners.remove.map((each) => row(listenerSubject(each), 'removed')),
    ...pools.flatMap((pool) => changesOf(pool).map((change) => row(`pool ${pool.name}`, change))),
    ...settings.map((key) => row(key, 'changed')),
    ...restart.map((key) => row(key, 'needs a restart')),
  ];
}

export function planLines(plan: ReloadPlan): readonly string[] {
  return planRows(plan).map(({ subject, change }) => `${subject}: ${change}`);
}

function listenerSubject({ name, address }: ListenerHead): string {
  return name === address ? `listener ${address}` : `listener ${name} (${address})`;
}

function changesOf({ change, settings, backends }: PoolPlan): readonly string[] {
  if (change === 'removed') return ['removed'];
  const inside = [...settings.map((key) => `${key} changed`), ...backendChanges(backends)];
  return change === 'added' ? ['added', ...inside] : inside;
}

function backendChanges({ add, alter, remove }: BackendPlan): readonly string[] {
  return [
    ...add.map(({ address }) => `backend ${address} added`),
    ...alter.map(({ id, settings }) => `backend ${id} gets ${settingsText(settings)}`),
    ...remove.map((id) => `backend ${id} removed`),
  ];
}

function settingsText(settings: object): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}
