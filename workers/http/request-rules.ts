/** workers/http/request-rules.ts: what a route changes of a request on its way to a backend. */
import type { RouteConfig } from '../../src/config/routes.js';
import type { Edits } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { pathOf, queryOf } from '../../src/http1/target.js';
import { HeaderRules } from '../../src/routing/header-rules.js';
import { Rewrite } from '../../src/routing/rewrite.js';

const NONE = { set: {}, add: {}, remove: [] };
const PREFIX_FIELD = 'X-Forwarded-Prefix';

export class RequestRules {
  private readonly fields: HeaderRules;
  private readonly rewrite: Rewrite | undefined;
  /** The same for all requests whose target stays as it is. */
  private readonly edits: Edits;

  /** @param host to send in place of the client's; '' keeps that */
  constructor(fields: HeaderRules, host: string, rewrite: Rewrite | undefined) {
    this.fields = fields;
    this.rewrite = rewrite;
    this.edits = { target: '', host, added: fields.added };
  }

  edit(head: RequestHead): Edits {
    const { edits, rewrite } = this;
    this.fields.drop(head.fields);
    if (rewrite !== undefined) return { ...edits, target: rewrite.target(head.target) };
    // Of an absolute target a backend would take the host from there (RFC 9112 section 3.2.2).
    if (edits.host !== '' && head.authorityEnd !== 0)
      return { ...edits, target: pathOf(head.target) + queryOf(head.target) };
    return edits;
  }
}

/** @returns `undefined` for a route that changes nothing */
export function requestRulesOf(config: RouteConfig): RequestRules | undefined {
  const { requestHeaders = NONE, stripPrefix, replacePrefix } = config;
  const rewrite = (stripPrefix ?? replacePrefix) === undefined ? undefined : new Rewrite(config);
  if (requestHeaders === NONE && rewrite === undefined) return undefined;
  const set = Object.entries(requestHeaders.set);
  const isHost = ([name]: readonly [string, string]): boolean => name.toLowerCase() === 'host';
  const prefix = rewrite === undefined || rewrite.prefix === '' ? {} : { [PREFIX_FIELD]: rewrite.prefix };
  const fields = new HeaderRules({
    set: Object.fromEntries(set.filter((field) => !isHost(field))),
    add: { ...prefix, ...requestHeaders.add },
    remove: requestHeaders.remove,
  });
  return new RequestRules(fields, set.find(isHost)?.[1] ?? '', rewrite);
}
