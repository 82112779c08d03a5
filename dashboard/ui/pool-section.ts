/** dashboard/ui/pool-section.ts: one pool: its figures, and its backends as a sortable table. */
import { count, latencyText, percent, plural } from '../model/format.js';
import type { Picture } from '../model/picture.js';
import { type Filter, matches, type Sort, type SortKey, sorted } from '../model/rows.js';
import { errorTone, isUsable } from '../model/states.js';
import type { BackendView, PoolView } from '../model/wire.js';
import { BackendRow, type RowParts } from './backend-row.js';
import { arrange, el, icon, setAttribute, setText, show } from './dom.js';
import { Facts } from './facts.js';

interface Column {
  readonly name: string;
  readonly className: string;
  readonly key?: SortKey;
}

const COLUMNS: readonly Column[] = [
  { name: 'Backend', className: 'c-backend', key: 'backend' },
  { name: 'State', className: 'c-state', key: 'state' },
  { name: 'Weight', className: 'number c-weight', key: 'weight' },
  { name: 'Tier', className: 'number c-tier', key: 'tier' },
  { name: 'In flight', className: 'number c-inflight', key: 'inflight' },
  { name: 'Req/s', className: 'number c-rate', key: 'rate' },
  { name: 'Errors', className: 'number c-errors', key: 'errors' },
  { name: 'p50 / p99', className: 'number c-latency', key: 'p99' },
  { name: 'Last probe', className: 'c-probe' },
];

/** Most rows of a table: more would make each update slow. A filter shows the others. */
const MOST_ROWS = 250;

export interface PoolParts extends RowParts {
  readonly sort: (key: SortKey) => void;
}

/** Filter and order of all tables. */
export interface Display {
  readonly filter: Filter;
  readonly sort: Sort;
  /** Time of the balancer's clock, in epoch milliseconds. */
  readonly nowMs: number;
}

export class PoolSection {
  readonly element: HTMLElement;
  readonly #parts: PoolParts;
  readonly #name: string;
  readonly #policy = el('span', { class: 'muted' });
  readonly #facts = new Facts();
  readonly #panic = el('p', { class: 'alarm' });
  readonly #heads = new Map<SortKey, HTMLElement>();
  readonly #body = el('tbody');
  readonly #table: HTMLTableElement;
  readonly #empty = el('p', { class: 'empty' });
  readonly #more = el('p', { class: 'empty' });
  readonly #rows = new Map<string, BackendRow>();

  constructor(name: string, parts: PoolParts) {
    this.#parts = parts;
    this.#name = name;
    const titleId = `pool-${crypto.randomUUID()}`;
    const add = el('button', { type: 'button', class: 'button small', 'data-action': '' }, icon('plus'), 'Add backend');
    add.addEventListener('click', () => parts.operations.add(name));
    const maintain = el('button', { type: 'button', class: 'button small', 'data-action': '' }, 'Maintenance…');
    maintain.addEventListener('click', () => parts.operations.beginMaintenance({ pool: name }));
    const heading = el('h2', { id: titleId }, name);
    this.#table = el(
      'table',
      { class: 'backends' },
      el('caption', { class: 'visually-hidden' }, `Backends of pool ${name}`),
      el('thead', {}, el('tr', {}, ...COLUMNS.map((column) => this.#head(column)), this.#actionsHead())),
      this.#body,
    );
    this.element = el(
      'section',
      { class: 'pool', 'aria-labelledby': titleId },
      el('header', {}, el('div', { class: 'pool-title' }, heading, this.#policy, maintain, add), this.#facts.element),
      this.#panic,
      el('div', { class: 'table-scroll' }, this.#table),
      this.#empty,
      this.#more,
    );
  }

  draw(pool: PoolView, picture: Picture, display: Display): void {
    setText(this.#policy, pool.protocol === 'tcp' ? `TCP, ${pool.policy}` : pool.policy);
    this.#drawFacts(pool, picture);
    const text = 'Panic: too few backends are usable, so requests go to every enabled one.';
    setText(this.#panic, pool.panic ? text : '');
    show(this.#panic, pool.panic);
    this.#markSort(display.sort);
    const chosen = pool.backends.filter((backend) => matches(backend, display.filter));
    const shown = sorted(chosen, display.sort).slice(0, MOST_ROWS);
    this.#drawRows(pool, shown, picture, display.nowMs);
    this.#drawRest(pool.backends.length, chosen.length);
    this.#table.classList.toggle(
      'no-tiers',
      pool.backends.every(({ tier }) => tier === 0),
    );
    this.#table.classList.toggle(
      'no-latency',
      pool.backends.every(({ latency }) => latency.p99 === null),
    );
  }

  #drawFacts(pool: PoolView, picture: Picture): void {
    const { backends, waiting, queueFull, queueLate, errorRate } = pool;
    const usable = backends.filter(isUsable).length;
    const turnedAway = queueFull + queueLate;
    this.#facts.draw([
      ['usable', `${count(usable)} of ${count(backends.length)}`, usable === 0 ? 'bad' : undefined],
      [pool.protocol === 'tcp' ? 'connections/s' : 'req/s', count(pool.requestsPerSecond)],
      ['errors', percent(errorRate), errorTone(errorRate)],
      ['p50 / p99', latencyText(pool.latency)],
      ['waiting', count(waiting), waiting > 0 ? 'warn' : undefined],
      ['retries/s', count(picture.pool(pool.name).retriesPerSecond)],
      ['turned away', turnedAway === 0 ? '' : count(turnedAway)],
    ]);
  }

  #drawRows(pool: PoolView, backends: readonly BackendView[], picture: Picture, nowMs: number): void {
    const drawn = backends.map((backend) => {
      const track = picture.backend(pool.name, backend.id);
      const row = this.#rows.get(backend.id) ?? new BackendRow({ pool: pool.name, backend }, track, this.#parts);
      this.#rows.set(backend.id, row);
      row.draw(backend, nowMs);
      return row;
    });
    // Rows keep their order while the pointer is on them or one has the focus.
    const isInUse = this.#body.matches(':hover, :focus-within');
    const isSame = drawn.every(({ element }) => element.parentElement === this.#body);
    if (!isInUse || !isSame || this.#body.rows.length < drawn.length) this.#arrange(drawn);
    else this.#arrangeAsBefore(drawn);
    const present = new Set<string>(pool.backends.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!present.has(id)) this.#rows.delete(id);
  }

  #arrange(rows: readonly BackendRow[]): void {
    arrange(
      this.#body,
      rows.flatMap(({ elements }) => elements),
    );
  }

  #arrangeAsBefore(rows: readonly BackendRow[]): void {
    const order = new Map([...this.#body.rows].map((element, index) => [element, index]));
    const placeOf = ({ element }: BackendRow): number => order.get(element) ?? order.size;
    this.#arrange(rows.toSorted((a, b) => placeOf(a) - placeOf(b)));
  }

  #drawRest(all: number, chosen: number): void {
    const nothing = all === 0 ? `Pool ${this.#name} has no backend yet.` : 'No backend of this pool matches.';
    setText(this.#empty, chosen === 0 ? nothing : '');
    show(this.#empty, chosen === 0);
    show(this.#table, chosen > 0);
    setText(this.#more, `${plural(chosen - MOST_ROWS, 'backend')} more: filter to see them.`);
    show(this.#more, chosen > MOST_ROWS);
  }

  #head({ name, className, key }: Column): HTMLElement {
    const head = el('th', { scope: 'col', class: className });
    if (key === undefined) {
      head.append(name);
      return head;
    }
    const button = el('button', { type: 'button', class: 'sort' }, name, icon('sort'));
    button.addEventListener('click', () => this.#parts.sort(key));
    head.append(button);
    this.#heads.set(key, head);
    return head;
  }

  #actionsHead(): HTMLElement {
    return el('th', { scope: 'col', class: 'c-actions' }, el('span', { class: 'visually-hidden' }, 'Actions'));
  }

  #markSort(sort: Sort): void {
    for (const [key, head] of this.#heads) {
      const order = sort.descending ? 'descending' : 'ascending';
      setAttribute(head, 'aria-sort', key === sort.key ? order : undefined);
    }
  }
}
