/** dashboard/ui/backend-detail.ts: the details of one backend, below its row. */
import { count, duration, millis } from '../model/format.js';
import type { Track } from '../model/history.js';
import type { BackendView } from '../model/wire.js';
import { Chart } from './chart.js';
import { el, setText } from './dom.js';

type DetailFact = readonly [name: string, value: (backend: BackendView, nowMs: number) => string];

const FACTS: readonly DetailFact[] = [
  ['Admin state', ({ admin, drained }) => (drained ? `${admin}, drained` : admin)],
  ['Health', ({ health, reason, since }, nowMs) => `${health} for ${age(since, nowMs)}: ${reason}`],
  ['Outlier detection', outlierText],
  ['Last change', ({ lastChange: { to, reason, at } }, nowMs) => `${to}, ${age(at, nowMs)} ago: ${reason}`],
  ['Last probe', probeText],
  ['Connects to', ({ host, port }) => (port === 0 ? host : `${host}, port ${port}`)],
  ['Limit of open requests', ({ maxConnections }) => (maxConnections === 0 ? 'no limit' : count(maxConnections))],
  ['Weight, tier', ({ weight, tier }) => `${weight}, ${tier}`],
  ['Requests', ({ requests, retries }) => `${count(requests)}, ${count(retries)} of them retries`],
  ['2xx, 3xx, 4xx, 5xx', statusText],
  ['Failed', ({ failures, connectFailures }) => `${count(connectFailures)} to connect, ${count(failures)} after that`],
];

export class BackendDetail {
  readonly element: HTMLTableRowElement;
  readonly #values = FACTS.map(() => el('dd'));
  readonly #rate = new Chart('Requests per second', 1, count);
  readonly #errors = new Chart('Errors', 0.02, (share) => `${Math.round(share * 1_000) / 10}%`);
  readonly #latency = new Chart('Latency p99', 5, millis);

  constructor(columns: number) {
    const facts = FACTS.map(([name], index) => el('div', {}, el('dt', {}, name), this.#values[index] ?? ''));
    const charts = [this.#rate, this.#errors, this.#latency].map(({ element }) => element);
    const cell = el('td', { colspan: String(columns) }, el('dl', { class: 'facts' }, ...facts));
    cell.append(el('div', { class: 'charts' }, ...charts));
    this.element = el('tr', { class: 'detail' }, cell);
  }

  draw(backend: BackendView, track: Track, nowMs: number): void {
    FACTS.forEach(([, value], index) => {
      const element = this.#values[index];
      if (element !== undefined) setText(element, value(backend, nowMs));
    });
    this.#rate.draw(track.rate);
    this.#errors.draw(track.errors);
    this.#latency.draw(track.p99);
  }
}

function outlierText({ outlier, ejections }: BackendView): string {
  return ejections === 0 ? outlier : `${outlier}, ejected ${count(ejections)} times recently`;
}

function probeText({ lastProbe }: BackendView, nowMs: number): string {
  if (lastProbe === null) return 'none yet';
  const { ok, reason, ms, at, inARow } = lastProbe;
  return `${ok ? 'succeeded' : 'failed'}, ${inARow} in a row: ${reason}, ${millis(ms)}, ${age(at, nowMs)} ago`;
}

function statusText({ status2xx, status3xx, status4xx, status5xx }: BackendView): string {
  return [status2xx, status3xx, status4xx, status5xx].map(count).join(', ');
}

function age(time: string, nowMs: number): string {
  return duration(nowMs - Date.parse(time));
}
