/** workers/http/response-edits.ts: what a route changes of the responses of backends. */
import type { RouteConfig } from '../../src/config/routes.js';
import type { HeadFields } from '../../src/http1/head-fields.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { HeaderRules } from '../../src/routing/header-rules.js';
import { PrefixRestorer } from '../../src/routing/prefix-restorer.js';
import { Rewrite } from '../../src/routing/rewrite.js';
import { copyOf } from '../access-log/entry.js';
import type { IntakeRequest } from './client-stream.js';
import type { Describe } from './described-request.js';

/** The changes to the response of one request. */
export class ResponseEdits {
  private readonly fields: HeaderRules | undefined;
  /** The field lines that the rules add. */
  private readonly lines: string;
  private readonly restorer: PrefixRestorer | undefined;
  /** The Host that the client asked for. */
  private readonly host: string;

  constructor(fields: HeaderRules | undefined, lines: string, restorer: PrefixRestorer | undefined, host: string) {
    this.fields = fields;
    this.lines = lines;
    this.restorer = restorer;
    this.host = host;
  }

  /** Marks the fields of the response that are not forwarded. @returns the field lines to add */
  apply(fields: HeadFields): string {
    this.fields?.drop(fields);
    return this.restorer === undefined ? this.lines : this.restorer.restore(fields, this.host) + this.lines;
  }
}

/** Makes the {@link ResponseEdits} of a route's requests, while their heads are at hand. */
export class ResponseRules {
  private readonly fields: HeaderRules | undefined;
  private readonly restorer: PrefixRestorer | undefined;
  private readonly describe: Describe;
  /** The edits, where they are the same for all requests. */
  private readonly edits: ResponseEdits | undefined;

  constructor(fields: HeaderRules | undefined, restorer: PrefixRestorer | undefined, describe: Describe) {
    this.fields = fields;
    this.restorer = restorer;
    this.describe = describe;
    const lines = fields === undefined ? '' : fields.fixedLines;
    if (lines !== undefined && restorer === undefined) this.edits = new ResponseEdits(fields, lines, undefined, '');
  }

  editsFor(head: RequestHead, request: IntakeRequest): ResponseEdits {
    if (this.edits !== undefined) return this.edits;
    const { fields, restorer } = this;
    const lines = fields?.fixedLines ?? fields?.linesFor(this.describe(head, request)) ?? '';
    // A slice would keep the whole head for as long as the exchange lasts, which may be a tunnel's life.
    return new ResponseEdits(fields, lines, restorer, restorer === undefined ? '' : copyOf(head.host));
  }
}

/** @returns `undefined` for a route that changes nothing of responses */
export function responseRulesOf(config: RouteConfig, describe: Describe): ResponseRules | undefined {
  const { responseHeaders, stripPrefix, rewriteResponses } = config;
  const prefix = stripPrefix === undefined || rewriteResponses === false ? '' : new Rewrite(config).prefix;
  const fields = responseHeaders && new HeaderRules(responseHeaders);
  if (fields === undefined && prefix === '') return undefined;
  return new ResponseRules(fields, prefix === '' ? undefined : new PrefixRestorer(prefix), describe);
}
