/**
 * routing/prefix-restorer.ts: gives the prefix that a route has stripped from a request's path back to the places of its
 * response that name a path of the same site: Location, Content-Location, Refresh and the Path of cookies. Anything else
 * stays as it is, and so does what begins with the prefix already, as that of backends does that obey
 * X-Forwarded-Prefix.
 */
import { equalsIgnoringCase } from '../http1/characters.js';
import { OTHER } from '../http1/field-kind.js';
import type { HeadFields } from '../http1/head-fields.js';

/** Whether a path has ended at this character, or another segment begins; '' is the end of the text. */
const ENDS_SEGMENT = new Set(['', '/', '?', '#', '"', "'"]);
const SCHEME = /^https?:\/\//i;
const AUTHORITY_END = /[/?#\\]/;
/** The part of a Refresh in front of its URL (HTML section 4.2.5.3). */
const REFRESH = /^[\d.]+\s*[;,]\s*(?:url\s*=\s*)?["']?/i;
const COOKIE_PATH = /(;\s*path\s*=\s*)([^;]*)/gi;
/** Browsers refuse a cookie of this name unless its path is `/` (RFC 6265bis section 4.1.3.2). */
const HOST_COOKIE = /^__Host-/i;
const DEFAULT_PORT: Readonly<Record<string, RegExp>> = { http: /:(?:80)?$/, https: /:(?:443)?$/ };

export class PrefixRestorer {
  private readonly prefix: string;

  /** @param prefix the stripped one, without a final slash */
  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /**
   * Marks the fields that change as not to be forwarded.
   * @param host the Host that the client asked for
   * @returns the lines of these fields with their new values
   */
  restore(fields: HeadFields, host: string): string {
    let out = '';
    for (let index = 0; index < fields.count; index++) {
      if (fields.kind(index) !== OTHER) continue;
      const value = this.restored(fields, index, host);
      if (value === undefined) continue;
      const { text } = fields;
      out += `${text.slice(fields.nameAt(index), fields.colonAt(index))}: ${value}\r\n`;
      fields.leaveOut(index);
    }
    return out;
  }

  /** @returns the new value of a field; `undefined` for one that stays as it is */
  private restored(fields: HeadFields, index: number, host: string): string | undefined {
    const length = fields.colonAt(index) - fields.nameAt(index);
    if (length < 7 || length > 16) return undefined;
    const read = this.readerOf(fields, index);
    if (read === undefined) return undefined;
    const before = fields.text.slice(fields.valueAt(index), fields.valueEnd(index));
    const after = read(before, host);
    // All cookies are moved, changed or not, so that they keep their order.
    return after === before && read !== this.cookie ? undefined : after;
  }

  private readerOf(fields: HeadFields, index: number): ((value: string, host: string) => string) | undefined {
    const { text } = fields;
    const from = fields.nameAt(index);
    const to = fields.colonAt(index);
    const isNamed = (name: string): boolean => equalsIgnoringCase(text, from, to, name);
    switch (to - from) {
      case 'refresh'.length:
        return isNamed('refresh') ? this.refresh : undefined;
      case 'location'.length:
        return isNamed('location') ? this.url : undefined;
      case 'set-cookie'.length:
        return isNamed('set-cookie') ? this.cookie : undefined;
      case 'content-location'.length:
        return isNamed('content-location') ? this.url : undefined;
      default:
        return undefined;
    }
  }

  private readonly url = (value: string, host: string): string => {
    const at = pathAt(value, host);
    return at < 0 || this.begins(value, at) ? value : value.slice(0, at) + this.prefix + value.slice(at);
  };

  private readonly refresh = (value: string, host: string): string => {
    const before = REFRESH.exec(value)?.[0];
    return before === undefined ? value : before + this.url(value.slice(before.length), host);
  };

  private readonly cookie = (value: string): string => {
    if (HOST_COOKIE.test(value)) return value;
    return value.replace(COOKIE_PATH, (attribute, start: string, path: string) => {
      if (!path.startsWith('/') || this.begins(path, 0)) return attribute;
      // A path of `/app/` would not be for `/app` itself (RFC 6265 section 5.1.4).
      return start + this.prefix + (path.trimEnd() === '/' ? '' : path);
    });
  };

  /** Whether the path at `at` begins with the prefix already. */
  private begins(text: string, at: number): boolean {
    return text.startsWith(this.prefix, at) && ENDS_SEGMENT.has(text.charAt(at + this.prefix.length));
  }
}

/** @returns where the path of a URL of this site begins; -1 for a relative path, and for another site */
function pathAt(url: string, host: string): number {
  const scheme = SCHEME.exec(url)?.[0] ?? '';
  const isNetworkPath = scheme === '' && /^[/\\]{2}/.test(url);
  if (scheme === '' && !isNetworkPath) return url.startsWith('/') ? 0 : -1;
  const from = isNetworkPath ? 2 : scheme.length;
  const length = url.slice(from).search(AUTHORITY_END);
  const to = length < 0 ? url.length : from + length;
  return isSameHost(url.slice(from, to), host, scheme.slice(0, -'://'.length).toLowerCase()) ? to : -1;
}

function isSameHost(authority: string, host: string, scheme: string): boolean {
  if (host === '') return false;
  const port = DEFAULT_PORT[scheme] ?? /:$/;
  return authority.toLowerCase().replace(port, '') === host.toLowerCase().replace(port, '');
}
