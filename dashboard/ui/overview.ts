/** dashboard/ui/overview.ts: the row of figures of the whole balancer. */

import { soonestExpiry } from '../model/certificates.js';
import { bytes, count, millis, percent } from '../model/format.js';
import type { Series } from '../model/history.js';
import type { Picture } from '../model/picture.js';
import { errorTone, isUsable } from '../model/states.js';
import type { BalancerView } from '../model/wire.js';
import { el, setAttribute, setText, show } from './dom.js';
import { Sparkline } from './sparkline.js';

/** One figure: name, value, a note, and a line of its history. */
class Stat {
  readonly element: HTMLElement;
  readonly #value = el('dd', { class: 'stat-value' });
  readonly #note = el('dd', { class: 'stat-note' });
  readonly #spark: Sparkline | undefined;

  constructor(name: string, spark?: Sparkline) {
    this.#spark = spark;
    const line = spark === undefined ? [] : [el('dd', { class: 'stat-spark' }, spark.element)];
    this.element = el('div', { class: 'stat' }, el('dt', {}, name), this.#value, this.#note, ...line);
  }

  draw(value: string, note: string, tone: 'bad' | 'warn' | undefined, series?: Series): void {
    setText(this.#value, value);
    setText(this.#note, note);
    setAttribute(this.#value, 'data-tone', tone);
    if (series !== undefined) this.#spark?.draw(series);
  }
}

export class Overview {
  readonly element: HTMLElement;
  readonly #rate = new Stat('Requests / s', new Sparkline(1));
  readonly #errors = new Stat('Errors', new Sparkline(0.02, 'bad'));
  readonly #latency = new Stat('Latency p99', new Sparkline(5, 'calm'));
  readonly #inflight = new Stat('In flight');
  readonly #clients = new Stat('Clients');
  readonly #backends = new Stat('Backends');
  readonly #workers = new Stat('Workers');
  readonly #certificates = new Stat('Certificates');

  constructor() {
    const stats = [
      this.#rate,
      this.#errors,
      this.#latency,
      this.#inflight,
      this.#clients,
      this.#backends,
      this.#workers,
      this.#certificates,
    ];
    this.element = el('dl', { class: 'overview' }, ...stats.map(({ element }) => element));
  }

  draw(view: BalancerView, { total }: Picture): void {
    const { totals, pools } = view;
    const { errors, rate, p50, p99 } = total;
    const errorRate = errors.at(-1);
    this.#rate.draw(count(totals.requestsPerSecond), `${count(totals.requests)} in all`, undefined, rate);
    this.#errors.draw(percent(errorRate), `${count(totals.unavailable)} unanswered`, errorTone(errorRate), errors);
    const isMeasured = !Number.isNaN(p99.at(-1));
    show(this.#latency.element, isMeasured);
    if (isMeasured) this.#latency.draw(millis(p99.at(-1)), `p50 ${millis(p50.at(-1))}`, undefined, p99);
    const waiting = sum(pools.map((pool) => pool.waiting));
    const inflight = sum(pools.flatMap(({ backends }) => backends.map((backend) => backend.inflight)));
    this.#inflight.draw(count(inflight), `${count(waiting)} waiting`, waiting > 0 ? 'warn' : undefined);
    this.#clients.draw(count(totals.clientConnections), `${count(totals.accepted)} accepted`, undefined);
    this.#drawBackends(view);
    this.#drawWorkers(view);
    this.#drawCertificates(view);
  }

  #drawCertificates({ certificates }: BalancerView): void {
    show(this.#certificates.element, certificates.length > 0);
    const { days, note, tone } = soonestExpiry(certificates);
    this.#certificates.draw(days < 0 ? 'expired' : `${count(days)} d`, note, tone);
  }

  #drawBackends({ pools }: BalancerView): void {
    const all = pools.flatMap(({ backends }) => backends);
    const usable = all.filter(isUsable).length;
    const tone = usable === 0 || pools.some(({ panic }) => panic) ? 'bad' : undefined;
    const down = all.filter(({ health }) => health === 'down').length;
    const note = down === 0 ? `${pools.length} ${pools.length === 1 ? 'pool' : 'pools'}` : `${count(down)} down`;
    this.#backends.draw(`${count(usable)} / ${count(all.length)}`, note, tone ?? (down > 0 ? 'warn' : undefined));
  }

  #drawWorkers({ workers, workerRestarts, totals }: BalancerView): void {
    const listening = workers.filter(({ state }) => state === 'listening').length;
    const places = new Set(workers.map(({ worker }) => worker)).size;
    const note = workerRestarts === 0 ? bytes(totals.memoryBytes) : `${count(workerRestarts)} died`;
    this.#workers.draw(`${listening} / ${places}`, note, listening < places ? 'warn' : undefined);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
