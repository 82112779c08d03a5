/** dashboard/ui/workers.ts: the table of worker processes; a slot has two rows while one worker replaces the other. */
import { bytes, count, duration, millis } from '../model/format.js';
import { type Picture, workerKey } from '../model/picture.js';
import type { StateWord } from '../model/states.js';
import type { BalancerView, WorkerView } from '../model/wire.js';
import { arrange, el, setText } from './dom.js';
import { Sparkline } from './sparkline.js';
import { StateBadges } from './state-badges.js';

const TONES = { starting: 'calm', listening: 'good', draining: 'calm' } as const;
const COLUMNS = ['Worker', 'State', 'Connections', 'Req/s', 'Loop delay', 'Memory', 'Version', 'Age'];

class WorkerRow {
  readonly element: HTMLTableRowElement;
  readonly #badges = new StateBadges();
  readonly #rate = el('span');
  readonly #rateLine = new Sparkline(1);
  readonly #connections = el('td', { class: 'number' });
  readonly #delay = el('td', { class: 'number c-delay' });
  readonly #memory = el('td', { class: 'number c-memory' });
  readonly #versions = el('td', { class: 'number c-versions' });
  readonly #age = el('td', { class: 'number c-age' });

  constructor({ worker, pid }: WorkerView) {
    const name = el('th', { scope: 'row' }, `${worker} `, el('span', { class: 'sub' }, `pid ${pid ?? '–'}`));
    const rate = el('td', { class: 'c-rate' }, el('div', { class: 'with-spark' }, this.#rateLine.element, this.#rate));
    this.element = el('tr', {}, name, el('td', {}, this.#badges.element), this.#connections, rate);
    this.element.append(this.#delay, this.#memory, this.#versions, this.#age);
  }

  draw(worker: WorkerView, view: BalancerView, picture: Picture, nowMs: number): void {
    const { state, clientConnections, requestsPerSecond, memoryBytes, loopDelayMs, overloaded, since } = worker;
    const overload: readonly StateWord[] = overloaded === 0 ? [] : [{ word: 'overloaded', tone: 'bad' }];
    this.#badges.draw([{ word: state, tone: TONES[state] }, ...overload]);
    setText(this.#connections, count(clientConnections));
    setText(this.#rate, count(requestsPerSecond));
    this.#rateLine.draw(picture.worker(worker).rate);
    setText(this.#delay, millis(loopDelayMs));
    setText(this.#memory, memoryBytes === 0 ? '–' : bytes(memoryBytes));
    setText(this.#versions, versionsText(worker, view));
    setText(this.#age, duration(nowMs - Date.parse(since)));
  }
}

export class Workers {
  readonly element: HTMLElement;
  readonly #body = el('tbody');
  readonly #rows = new Map<string, WorkerRow>();

  constructor() {
    const heads = COLUMNS.map((name, index) => el('th', { scope: 'col', class: headClass(name, index) }, name));
    const caption = el('caption', { class: 'visually-hidden' }, 'Worker processes');
    const table = el('table', { class: 'workers' }, caption, el('thead', {}, el('tr', {}, ...heads)), this.#body);
    const title = el('h2', { id: 'workers-title' }, 'Workers');
    const scroll = el('div', { class: 'table-scroll' }, table);
    this.element = el(
      'section',
      { class: 'pool', 'aria-labelledby': 'workers-title' },
      el('header', {}, title),
      scroll,
    );
  }

  draw(view: BalancerView, picture: Picture, nowMs: number): void {
    const elements = view.workers.map((worker) => {
      const key = workerKey(worker);
      const row = this.#rows.get(key) ?? new WorkerRow(worker);
      this.#rows.set(key, row);
      row.draw(worker, view, picture, nowMs);
      return row.element;
    });
    arrange(this.#body, elements);
    const present = new Set(view.workers.map(workerKey));
    for (const key of this.#rows.keys()) if (!present.has(key)) this.#rows.delete(key);
  }
}

function headClass(name: string, index: number): string {
  const own = { 'Loop delay': ' c-delay', Memory: ' c-memory', Version: ' c-versions', Age: ' c-age' }[name] ?? '';
  return index < 2 ? '' : `number${own}`;
}

/** @returns how many changes of pools the worker has not applied; if none, the version with one pool, else `current` */
function versionsText({ versions }: WorkerView, { pools }: BalancerView): string {
  const behind = pools.reduce((sum, { name, version }) => sum + version - (versions[name] ?? 0), 0);
  if (behind > 0) return `${count(behind)} behind`;
  return pools.length === 1 ? String(pools[0]?.version ?? '') : 'current';
}
