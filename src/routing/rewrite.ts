/** routing/rewrite.ts: the path that a backend is asked for, where a route cuts off or replaces the beginning. */
import { pathOf, queryOf } from '../http1/target.js';
import { plainPath, restAfter } from './path.js';
import type { Match } from './router.js';
import { matchedLength } from './router.js';

export interface RewriteSpec extends Match {
  /** `true` for all that the route matches. */
  readonly stripPrefix?: string | true | undefined;
  readonly replacePrefix?: string | undefined;
}

export class Rewrite {
  /** What was cut off the path, as `X-Forwarded-Prefix` says it; '' for nothing. */
  readonly prefix: string;
  /** Characters of the path, as it is compared. */
  private readonly cut: number;
  /** What stands in for all of a path, and for its beginning. */
  private readonly whole: string;
  private readonly replacement: string;

  constructor(spec: RewriteSpec) {
    const { stripPrefix, replacePrefix, path = '/', exactPath } = spec;
    this.cut = typeof stripPrefix === 'string' ? prefixLength(stripPrefix) : matchedLength(spec);
    this.whole = replacePrefix ?? '/';
    this.replacement = this.whole.replace(/\/$/, '');
    const prefix = typeof stripPrefix === 'string' ? stripPrefix : (exactPath ?? path);
    this.prefix = prefix.replace(/\/$/, '');
  }

  /** @returns the target in origin-form; one without a path stays as it is */
  target(target: string): string {
    const path = pathOf(target);
    if (path === '*') return target;
    const rest = restAfter(path, this.cut);
    if (rest === '') return this.whole + queryOf(target);
    // One slash only: a second would make a host of what follows wherever the path is taken for a reference.
    return this.replacement + rest.replace(/^\/+/, '/') + queryOf(target);
  }
}

function prefixLength(path: string): number {
  return (plainPath(path) ?? '').replace(/\/$/, '').length;
}
