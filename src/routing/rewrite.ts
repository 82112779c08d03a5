/**
 * routing/rewrite.ts: makes the target that is sent to a backend where a route strips or replaces the path's beginning.
 */
import { pathOf, queryOf } from '../http1/target.js';
import { plainPath, restAfter } from './path.js';
import type { Match } from './router.js';
import { matchedLength } from './router.js';

/** The keys of a route that rewrite the path, and those that match it. */
export interface RewriteSpec extends Match {
  /** The prefix to strip; `true`: the part that the route matches. */
  readonly stripPrefix?: string | true | undefined;
  readonly replacePrefix?: string | undefined;
}

export class Rewrite {
  /** The prefix that is cut off, for `X-Forwarded-Prefix`; '' for none. */
  readonly prefix: string;
  /** Length of the prefix, in characters of the path's strict reading. */
  private readonly cut: number;
  /** Replaces a path that consists of the prefix only. */
  private readonly whole: string;
  /** Replaces the prefix of a longer path: `whole` without a final slash. */
  private readonly replacement: string;

  constructor(spec: RewriteSpec) {
    const { stripPrefix, replacePrefix, path = '/', exactPath } = spec;
    this.cut = typeof stripPrefix === 'string' ? prefixLength(stripPrefix) : matchedLength(spec);
    this.whole = replacePrefix ?? '/';
    this.replacement = this.whole.replace(/\/$/, '');
    const prefix = typeof stripPrefix === 'string' ? stripPrefix : (exactPath ?? path);
    this.prefix = prefix.replace(/\/$/, '');
  }

  /** @returns the target to send, in origin-form; `*` stays as it is */
  target(target: string): string {
    const path = pathOf(target);
    if (path === '*') return target;
    const rest = restAfter(path, this.cut);
    if (rest === '') return this.whole + queryOf(target);
    // Exactly one slash: where a path is resolved as a reference, `//` would make a host of what follows.
    return this.replacement + rest.replace(/^\/+/, '/') + queryOf(target);
  }
}

function prefixLength(path: string): number {
  return (plainPath(path) ?? '').replace(/\/$/, '').length;
}
