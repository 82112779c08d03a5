/**
 * workers/access-log/time-text.ts: formats numbers and times. Thousands of lines share a second and dozens a
 * millisecond, so the text of the last time is kept, and most lines cost one comparison.
 */
import { copyOf } from './entry.js';

const PADDED = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, '0'));
const BEHIND_POINT = PADDED.map((digits) => `.${digits}`);
const NUMBERS = Array.from({ length: 1_000 }, (_, number) => String(number));

/** @param number a whole number, 0 or more */
export function numberText(number: number): string {
  return NUMBERS[number] ?? String(number);
}

/** @param us whole microseconds @returns milliseconds, as in `12.045` */
export function millisText(us: number): string {
  return numberText(Math.floor(us / 1_000)) + (BEHIND_POINT[us % 1_000] ?? '');
}

/** @param us whole microseconds, or -1 @returns seconds, as in `0.012045`, or `-` */
export function secondsText(us: number): string {
  if (us < 0) return '-';
  const ms = Math.floor(us / 1_000);
  return numberText(Math.floor(ms / 1_000)) + BEHIND_POINT[ms % 1_000] + PADDED[us % 1_000];
}

/** Formats times as ISO 8601 in UTC with milliseconds (RFC 3339). */
export class IsoTime {
  private second = Number.NaN;
  private secondText = '';
  private ms = Number.NaN;
  private text = '';
  private readonly before: string;
  private readonly behind: string;

  /** @param before text in front of the time @param behind text behind it */
  constructor(before: string, behind: string) {
    this.before = before;
    this.behind = behind;
  }

  /** @param epochMs whole epoch milliseconds @returns the time with the texts before and behind it */
  at(epochMs: number): string {
    if (epochMs === this.ms) return this.text;
    const second = Math.floor(epochMs / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.secondText = this.before + new Date(epochMs).toISOString().slice(0, -'.000Z'.length);
    }
    this.ms = epochMs;
    this.text = copyOf(`${this.secondText}${BEHIND_POINT[epochMs - second * 1_000]}Z${this.behind}`);
    return this.text;
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** Formats local times as the common log format has them: `10/Oct/2000:13:55:36 -0700`. */
export class ClfTime {
  private second = Number.NaN;
  private text = '';
  private readonly before: string;
  private readonly behind: string;

  /** @param before text in front of the time @param behind text behind it */
  constructor(before: string, behind: string) {
    this.before = before;
    this.behind = behind;
  }

  /** @param epochMs whole epoch milliseconds @returns the time with the texts before and behind it */
  at(epochMs: number): string {
    const second = Math.floor(epochMs / 1_000);
    if (second === this.second) return this.text;
    this.second = second;
    this.text = copyOf(this.before + clfTime(new Date(epochMs)) + this.behind);
    return this.text;
  }
}

function clfTime(date: Date): string {
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  const eastMinutes = -date.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(eastMinutes) / 60), Math.abs(eastMinutes) % 60];
  const zone = `${eastMinutes < 0 ? '-' : '+'}${twoDigits(hours)}${twoDigits(minutes)}`;
  return `${twoDigits(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}:${clock} ${zone}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
