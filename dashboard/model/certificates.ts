/** dashboard/model/certificates.ts: which of the certificates needs somebody's attention first. */
import type { BalancerView } from './wire.js';

/** Days before a certificate expires from which the page warns. */
const WARN_DAYS = 14;
const ALARM_DAYS = 3;

export interface Expiry {
  /** Whole days until the certificate expires; negative once it has. */
  readonly days: number;
  readonly note: string;
  readonly tone: 'bad' | 'warn' | undefined;
}

/** @returns what the page says of the certificate that expires first, or of one whose file cannot be used */
export function soonestExpiry(certificates: BalancerView['certificates']): Expiry {
  const [first] = certificates.toSorted((a, b) => a.daysLeft - b.daysLeft);
  const days = first?.daysLeft ?? 0;
  const isRefused = certificates.some(({ problem }) => problem !== null);
  const name = first?.names[0] ?? '';
  const note = isRefused ? 'a new one is missing or refused' : days <= WARN_DAYS ? name : 'until the first expires';
  return { days, note, tone: toneOf(days) ?? (isRefused ? 'warn' : undefined) };
}

function toneOf(days: number): Expiry['tone'] {
  if (days < ALARM_DAYS) return 'bad';
  return days <= WARN_DAYS ? 'warn' : undefined;
}
