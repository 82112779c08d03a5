/** dashboard/ui/operations.ts: the operations on a backend, and maintenance, each with the dialog that asks for confirmation. */
import { plural } from '../model/format.js';
import { isUsable } from '../model/states.js';
import type { BackendView, PoolView } from '../model/wire.js';
import type { ChangeResult, Changes, Maintained, Patch, Target } from '../net/changes.js';
import type { Dialog, Field } from './dialog.js';
import type { MenuItem } from './menu.js';

export interface OperationsParts {
  readonly changes: Changes;
  readonly dialog: Dialog;
  /** @returns the current view of a pool */
  readonly pool: (name: string) => PoolView | undefined;
  /** Called after a change. @param what the change in words: `drains`, `is enabled` */
  readonly done: (pool: string, backend: BackendView, what: string) => void;
}

const WITHIN: Field = {
  name: 'within',
  label: 'End open requests after',
  value: '',
  hint: 'For example 30s or 5m. Empty: no limit.',
  attributes: { placeholder: 'no limit' },
};

const SESSIONS_WITHIN: Field = {
  ...WITHIN,
  label: 'Move the sessions after',
  hint: 'For example 10m. Empty: when somebody drains it without keeping them.',
};

export class Operations {
  readonly #parts: OperationsParts;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  drain(target: Target): void {
    const { id, inflight } = target.backend;
    this.#parts.dialog.ask({
      title: `Drain ${id}?`,
      lines: [`It gets no new requests. ${inFlightText(inflight)}`, ...this.#whoStays(target)],
      fields: [WITHIN],
      confirm: 'Drain',
      submit: ({ within = '' }) =>
        this.#patch(target, within === '' ? { admin: 'draining' } : { admin: 'draining', within }, 'drains'),
    });
  }

  drainKeepingSessions(target: Target): void {
    const { id } = target.backend;
    this.#parts.dialog.ask({
      title: `Drain ${id} and keep its sessions?`,
      lines: ['It gets no new clients. Those whose sticky cookie names it stay on it.', ...this.#whoStays(target)],
      fields: [SESSIONS_WITHIN],
      confirm: 'Drain',
      submit: ({ within = '' }) => {
        const limit = within === '' ? {} : { within };
        return this.#patch(
          target,
          { admin: 'draining', keepSessions: true, ...limit },
          'drains and keeps its sessions',
        );
      },
    });
  }

  enable(target: Target): void {
    this.#parts.dialog.ask({
      title: `Enable ${target.backend.id}?`,
      lines: ['It gets new requests again as soon as it is up.'],
      confirm: 'Enable',
      submit: () => this.#patch(target, { admin: 'enabled' }, 'is enabled'),
    });
  }

  maintain(target: Target): void {
    this.#parts.dialog.ask({
      title: `Take ${target.backend.id} into maintenance?`,
      lines: ['It gets no new requests until somebody enables it.', ...this.#whoStays(target)],
      confirm: 'Start maintenance',
      submit: () => this.#patch(target, { admin: 'maintenance' }, 'is in maintenance'),
    });
  }

  weigh(target: Target): void {
    const { id, weight } = target.backend;
    const attributes = { inputmode: 'numeric' };
    this.#parts.dialog.ask({
      title: `Weight of ${id}`,
      lines: ['Its share of the requests, relative to the weights of the other backends.'],
      fields: [{ name: 'weight', label: 'Weight', value: String(weight), attributes }],
      confirm: 'Set weight',
      submit: ({ weight: text = '' }) =>
        this.#do(target, this.#parts.changes.setWeight(target, numberOf(text)), `has weight ${text}`),
    });
  }

  remove(target: Target): void {
    const { backend } = target;
    const inflight = inFlightText(backend.inflight);
    const service = backend.service === null ? [] : [`The service ${backend.service} may list it again.`];
    this.#parts.dialog.ask({
      title: `Remove ${backend.id}?`,
      lines: [`It leaves pool "${target.pool}". ${inflight}`, ...service, ...this.#whoStays(target)],
      confirm: 'Remove',
      dangerous: true,
      submit: () => this.#do(target, this.#parts.changes.remove(target), 'is removed'),
    });
  }

  add(pool: string): void {
    const numeric = { inputmode: 'numeric' };
    this.#parts.dialog.ask({
      title: `Add a backend to ${pool}`,
      lines: ['It is probed at once. It stays until it is removed or the balancer is restarted without it.'],
      fields: [
        { name: 'address', label: 'Address', value: '', attributes: { placeholder: '10.0.0.4:8080' } },
        { name: 'weight', label: 'Weight', value: '1', attributes: numeric },
        {
          name: 'tier',
          label: 'Tier',
          value: '0',
          hint: '0 takes requests first; 1 and up are backups.',
          attributes: numeric,
        },
      ],
      confirm: 'Add',
      submit: async ({ address = '', weight = '', tier = '' }) => {
        const backend = { address, weight: numberOf(weight), tier: numberOf(tier) };
        return this.#settle(pool, await this.#parts.changes.add(pool, backend), 'is added');
      },
    });
  }

  beginMaintenance(target: Maintained): void {
    this.#parts.dialog.ask({
      title: `Maintenance of ${wordsFor(target)}?`,
      lines: [
        'Requests are answered with 503 and the maintenance page until somebody ends it. Those under way finish.',
      ],
      confirm: 'Begin maintenance',
      dangerous: true,
      submit: () => this.#parts.changes.maintain(target, true),
    });
  }

  endMaintenance(target: Maintained): void {
    this.#parts.dialog.ask({
      title: `End maintenance of ${wordsFor(target)}?`,
      lines: ['Requests are served again at once.'],
      confirm: 'End maintenance',
      submit: () => this.#parts.changes.maintain(target, false),
    });
  }

  /** @param isAll whether the menu also has the operation that has a button of its own on wider screens */
  menuOf(target: Target, isAll: boolean): readonly MenuItem[] {
    const isOut = target.backend.admin === 'maintenance';
    const isEnabled = target.backend.admin === 'enabled';
    const isKeeping = target.backend.admin === 'draining' && target.backend.keepSessions;
    const main = isEnabled
      ? { name: 'Drain…', choose: () => this.drain(target) }
      : { name: 'Enable…', choose: () => this.enable(target) };
    return [
      ...(isAll ? [main] : []),
      ...(isKeeping ? [{ name: 'Drain…', choose: () => this.drain(target) }] : []),
      ...(isEnabled ? [{ name: 'Drain, keep sessions…', choose: () => this.drainKeepingSessions(target) }] : []),
      { name: 'Set weight…', choose: () => this.weigh(target) },
      ...(isOut ? [] : [{ name: 'Maintenance…', choose: () => this.maintain(target) }]),
      { name: 'Remove…', choose: () => this.remove(target), dangerous: true },
    ];
  }

  /** @returns what is left of the pool once `target` takes no requests, as a sentence; none if it takes none already */
  #whoStays({ pool, backend }: Target): readonly string[] {
    if (!isUsable(backend)) return [];
    const others = this.#parts.pool(pool)?.backends.filter((each) => each.id !== backend.id && isUsable(each)) ?? [];
    if (others.length === 0) return ['It is the last usable backend: every request will be answered with 503.'];
    return [`${plural(others.length, 'backend')} of the pool ${others.length === 1 ? 'stays' : 'stay'} in use.`];
  }

  #patch(target: Target, patch: Patch, what: string): Promise<string | undefined> {
    return this.#do(target, this.#parts.changes.patch(target, patch), what);
  }

  async #do({ pool }: Target, change: Promise<ChangeResult>, what: string): Promise<string | undefined> {
    return this.#settle(pool, await change, what);
  }

  #settle(pool: string, result: ChangeResult, what: string): string | undefined {
    if ('error' in result) return result.error;
    this.#parts.done(pool, result.backend, what);
    return undefined;
  }
}

function wordsFor({ route, pool }: Maintained): string {
  if (route !== undefined) return `route ${route}`;
  return pool === undefined ? 'everything' : `pool ${pool}`;
}

function inFlightText(inflight: number): string {
  return inflight === 0 ? 'It has no requests in flight.' : `${plural(inflight, 'request')} in flight may finish.`;
}

/** @returns the number; NaN for other texts, which the balancer refuses with a message */
function numberOf(text: string): number {
  return text === '' ? Number.NaN : Number(text);
}
