/** workers/http/request-rules.ts: what a route and a pool change of a request on its way to a backend. */
import type { RouteConfig } from '../../src/config/routes.js';
import type { Edits } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { pathOf, queryOf } from '../../src/http1/target.js';
import { HeaderRules } from '../../src/routing/header-rules.js';
import { Rewrite } from '../../src/routing/rewrite.js';
import type { Describe } from './described-request.js';

const NONE = { set: {}, add: {}, remove: [] };
const PREFIX_FIELD = 'X-Forwarded-Prefix';

/** @typeParam Client the request of a client, as {@link Describe} takes it */
export class RequestRules<Client> {
  private readonly fields: HeaderRules;
  private readonly rewrite: Rewrite | undefined;
  private readonly describe: Describe<Client>;
  /** `X-Forwarded-Prefix`, with its CRLF; '' without a prefix. */
  private readonly prefixLine: string;
  /** The same for all requests whose target stays as it is, unless field values depend on the request. */
  private readonly edits: Edits;

  /** @param host to send in place of the client's; '' keeps that */
  constructor(fields: HeaderRules, host: string, rewrite: Rewrite | undefined, describe: Describe<Client>) {
    this.fields = fields;
    this.rewrite = rewrite;
    this.describe = describe;
    const prefix = rewrite?.prefix ?? '';
    this.prefixLine = prefix === '' ? '' : `${PREFIX_FIELD}: ${prefix}\r\n`;
    this.edits = { target: '', host, added: (fields.fixedLines ?? '') + this.prefixLine };
  }

  edit(head: RequestHead, client: Client): Edits {
    const { fields, rewrite } = this;
    const edits = fields.fixedLines === undefined ? this.editsFor(head, client) : this.edits;
    fields.drop(head.fields);
    if (rewrite !== undefined) return { ...edits, target: rewrite.target(head.target) };
    return withoutAuthority(edits, head);
  }

  private editsFor(head: RequestHead, client: Client): Edits {
    return { ...this.edits, added: this.fields.linesFor(this.describe(head, client)) + this.prefixLine };
  }
}

/** @returns `edits`, with `host` as the Host to send unless they have one */
export function withHost(edits: Edits | undefined, host: string, head: RequestHead): Edits {
  if (edits !== undefined && edits.host !== '') return edits;
  return withoutAuthority({ target: '', added: '', ...edits, host }, head);
}

/** Of an absolute target a backend would take the host from there (RFC 9112 section 3.2.2). */
function withoutAuthority(edits: Edits, { target, authorityEnd }: RequestHead): Edits {
  if (edits.host === '' || edits.target !== '' || authorityEnd === 0) return edits;
  return { ...edits, target: pathOf(target) + queryOf(target) };
}

/** @returns `undefined` for a route that changes nothing */
export function requestRulesOf<Client>(
  config: RouteConfig,
  describe: Describe<Client>,
): RequestRules<Client> | undefined {
  const { requestHeaders = NONE, stripPrefix, replacePrefix } = config;
  const rewrite = (stripPrefix ?? replacePrefix) === undefined ? undefined : new Rewrite(config);
  if (requestHeaders === NONE && rewrite === undefined) return undefined;
  const set = Object.entries(requestHeaders.set);
  const isHost = ([name]: readonly [string, string]): boolean => name.toLowerCase() === 'host';
  const fields = new HeaderRules({
    set: Object.fromEntries(set.filter((field) => !isHost(field))),
    add: requestHeaders.add,
    remove: requestHeaders.remove,
  });
  return new RequestRules(fields, set.find(isHost)?.[1] ?? '', rewrite, describe);
}
