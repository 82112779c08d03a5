/** dashboard/ui/backend-row.ts: one backend in the table of its pool. */
import { count, duration, latencyText, millis, percent } from '../model/format.js';
import type { Track } from '../model/history.js';
import { errorTone, isProblem, reasonOf, stateWords } from '../model/states.js';
import type { BackendView } from '../model/wire.js';
import type { Target } from '../net/changes.js';
import { BackendDetail } from './backend-detail.js';
import { el, hiddenText, icon, setAttribute, setText } from './dom.js';
import type { Menu } from './menu.js';
import type { Operations } from './operations.js';
import { Sparkline } from './sparkline.js';
import { StateBadges } from './state-badges.js';

export interface RowParts {
  readonly operations: Operations;
  readonly menu: Menu;
}

export class BackendRow {
  readonly element: HTMLTableRowElement;
  readonly #parts: RowParts;
  readonly #track: Track;
  readonly #pool: string;
  #backend: BackendView;
  #nowMs = 0;
  readonly #expand = el('button', { type: 'button', class: 'expand', 'aria-expanded': 'false' }, icon('chevron'));
  readonly #note = el('span', { class: 'sub' });
  readonly #badges = new StateBadges();
  readonly #reason = el('span', { class: 'sub reason' });
  readonly #weight = el('button', { type: 'button', class: 'quiet', 'data-action': '' });
  readonly #weightText = el('span', { class: 'weight-text' });
  readonly #tier = el('td', { class: 'number c-tier' });
  readonly #inflight = el('td', { class: 'number c-inflight' });
  readonly #rate = el('span');
  readonly #rateLine = new Sparkline(1);
  readonly #errors = el('td', { class: 'number c-errors' });
  readonly #latency = el('span');
  readonly #latencyLine = new Sparkline(5, 'calm');
  readonly #probe = el('td', { class: 'c-probe' });
  readonly #switch = el('button', { type: 'button', class: 'button small', 'data-action': '' });
  #detail: BackendDetail | undefined;

  constructor({ pool, backend }: Target, track: Track, parts: RowParts) {
    this.#parts = parts;
    this.#track = track;
    this.#pool = pool;
    this.#backend = backend;
    const { id } = backend;
    this.#expand.append(hiddenText(`Details of ${id}`));
    this.#weight.setAttribute('aria-label', `Weight of ${id}`);
    const more = el('button', { type: 'button', class: 'quiet square', 'data-action': '' }, icon('dots'));
    setAttribute(more, 'aria-label', `More for ${id}`);
    setAttribute(more, 'aria-haspopup', 'menu');
    setAttribute(more, 'aria-expanded', 'false');
    more.addEventListener('click', () =>
      parts.menu.open(more, parts.operations.menuOf(this.#target, this.#switch.offsetParent === null)),
    );
    this.#weight.addEventListener('click', () => parts.operations.weigh(this.#target));
    this.#switch.addEventListener('click', () => this.#toggleAdmin());
    this.#expand.addEventListener('click', () => this.#toggleDetail());
    this.element = el(
      'tr',
      {},
      el(
        'th',
        { scope: 'row', class: 'c-backend' },
        el('div', { class: 'named' }, this.#expand, el('span', {}, el('span', { class: 'address' }, id), this.#note)),
      ),
      el('td', { class: 'c-state' }, this.#badges.element, this.#reason),
      el('td', { class: 'number c-weight' }, this.#weight, this.#weightText),
      this.#tier,
      this.#inflight,
      el('td', { class: 'c-rate' }, el('div', { class: 'with-spark' }, this.#rateLine.element, this.#rate)),
      this.#errors,
      el('td', { class: 'c-latency' }, el('div', { class: 'with-spark' }, this.#latencyLine.element, this.#latency)),
      this.#probe,
      el('td', { class: 'c-actions' }, el('div', { class: 'actions' }, this.#switch, more)),
    );
  }

  /** The row, and the row with its details if that is open. */
  get elements(): readonly HTMLTableRowElement[] {
    return this.#detail === undefined ? [this.element] : [this.element, this.#detail.element];
  }

  /** @param nowMs time of the balancer's clock, in epoch milliseconds */
  draw(backend: BackendView, nowMs: number): void {
    this.#backend = backend;
    this.#nowMs = nowMs;
    setAttribute(this.element, 'data-problem', isProblem(backend) ? '' : undefined);
    this.#badges.draw(stateWords(backend));
    this.#drawTexts(backend, nowMs);
    setText(this.#inflight, count(backend.inflight));
    setText(this.#rate, count(backend.requestsPerSecond));
    this.#rateLine.draw(this.#track.rate);
    setText(this.#errors, percent(backend.errorRate));
    setAttribute(this.#errors, 'data-tone', errorTone(backend.errorRate));
    setText(this.#latency, latencyText(backend.latency) || '–');
    this.#latencyLine.draw(this.#track.p99);
    this.#detail?.draw(backend, this.#track, nowMs);
  }

  #drawTexts(backend: BackendView, nowMs: number): void {
    const { id, host, service, weight, tier, admin, lastProbe } = backend;
    const isNamed = !id.startsWith(host) && !id.startsWith(`[${host}`);
    const notes = [service === null ? [] : [`of ${service}`], isNamed ? [host] : []];
    setText(this.#note, notes.flat().join(' · '));
    setText(this.#reason, this.#reasonText(backend, nowMs));
    setText(this.#weight, String(weight));
    setText(this.#weightText, String(weight));
    setText(this.#tier, String(tier));
    setText(this.#switch, admin === 'enabled' ? 'Drain' : 'Enable');
    setAttribute(this.#switch, 'aria-label', `${admin === 'enabled' ? 'Drain' : 'Enable'} ${id}`);
    const agoMs = lastProbe === null ? 0 : nowMs - Date.parse(lastProbe.at);
    setText(this.#probe, lastProbe === null ? '–' : `${millis(lastProbe.ms)}, ${duration(agoMs)} ago`);
  }

  /** @returns the reason of the state; '' for a backend that is enabled, up and not ejected */
  #reasonText(backend: BackendView, nowMs: number): string {
    const { admin, drained, drainEndsAt, lastChange, health, outlier, inflight } = backend;
    if (admin === 'enabled' && health === 'up' && outlier === 'in') return '';
    if (admin === 'draining' && drainEndsAt !== null && !drained) {
      return `${count(inflight)} in flight, ${duration(Date.parse(drainEndsAt) - nowMs)} left`;
    }
    if (admin === 'draining' && !drained && health !== 'down') return `${count(inflight)} in flight`;
    return `${reasonOf(backend)}, ${duration(nowMs - Date.parse(lastChange.at))}`;
  }

  get #target(): Target {
    return { pool: this.#pool, backend: this.#backend };
  }

  #toggleAdmin(): void {
    const { operations } = this.#parts;
    if (this.#backend.admin === 'enabled') operations.drain(this.#target);
    else operations.enable(this.#target);
  }

  #toggleDetail(): void {
    if (this.#detail === undefined) {
      this.#detail = new BackendDetail(this.element.cells.length);
      this.#detail.draw(this.#backend, this.#track, this.#nowMs);
      this.element.after(this.#detail.element);
    } else {
      this.#detail.element.remove();
      this.#detail = undefined;
    }
    const isOpen = this.#detail !== undefined;
    setAttribute(this.#expand, 'aria-expanded', String(isOpen));
    this.element.classList.toggle('open', isOpen);
  }
}
