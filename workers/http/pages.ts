/**
 * workers/http/pages.ts: fixed answers of routes, and the pages that take the place of Roundhouse's own words. Made once
 * for a configuration; a codec asks for the page of each {@link LocalAnswer} that it writes.
 */
import { STATUS_CODES } from 'node:http';
import type { ErrorPagesConfig, PageConfig, RespondConfig } from '../../src/config/pages.js';
import type { Config } from '../../src/config/schema.js';
import { type Readers, Template } from '../../src/routing/template.js';
import type { AnswerContent, LocalAnswer } from './local-answer.js';

/** Contents of files by path, one byte a character. */
export type Files = Readonly<Record<string, string>>;

const PLAIN = 'text/plain; charset=utf-8';
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  htm: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  txt: PLAIN,
  json: 'application/json',
  xml: 'application/xml',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  ico: 'image/x-icon',
  pdf: 'application/pdf',
};
const UNKNOWN_TYPE = 'application/octet-stream';
/** Statuses whose responses have no body. */
const WITHOUT_BODY = new Set([204, 205, 304]);
const NOT_KEPT = [['Cache-Control', 'no-store']] as const;

/** What a page's placeholders are filled from. */
const READERS: Readers<number> = {
  status: (status) => String(status),
  title: (status) => STATUS_CODES[status] ?? 'Error',
};

/** One page, in place of the words of answers with one status or several. */
class ErrorPage {
  /** Seconds of Retry-After; `undefined` for those of the answer. */
  readonly retryAfterS: number | undefined;
  private readonly type: string;
  private readonly body: Template<number>;

  constructor(config: PageConfig, files: Files) {
    const { contentType, retryAfter } = config;
    this.type = contentType ?? typeOf(config);
    this.body = new Template(bodyOf(config, files), READERS);
    if (retryAfter !== undefined && retryAfter > 0) this.retryAfterS = Math.ceil(retryAfter / 1_000);
  }

  contentFor(status: number): AnswerContent {
    return { type: this.type, body: this.body.fill(status), fields: NOT_KEPT };
  }
}

type PagesByKey = ReadonlyMap<string, ErrorPage>;

/** Finds the page of each answer: that of its route, else of its pool, else of the whole configuration. */
export class Pages {
  private readonly general: PagesByKey;
  private readonly byPool: ReadonlyMap<string, PagesByKey>;
  /** By the route's keys, which are one object for each. */
  private readonly byRoute: ReadonlyMap<ErrorPagesConfig, PagesByKey>;

  constructor({ errorPages, pools, routes = [] }: Config, files: Files) {
    this.general = pagesOf(errorPages, files);
    this.byPool = new Map(Object.entries(pools).map(([name, pool]) => [name, pagesOf(pool.errorPages, files)]));
    this.byRoute = new Map(
      routes.flatMap(({ errorPages: own }) => (own === undefined ? [] : [[own, pagesOf(own, files)] as const])),
    );
  }

  /** @returns the answer with the page that it gets; as it is if there is none */
  dress(answer: LocalAnswer, route: ErrorPagesConfig | undefined, pool: string): LocalAnswer {
    if (answer.status < 400 || answer.content !== undefined) return answer;
    const page = this.find(answer, [
      route === undefined ? undefined : this.byRoute.get(route),
      this.byPool.get(answer.pool ?? pool),
      this.general,
    ]);
    if (page === undefined) return answer;
    const retryAfterS = page.retryAfterS ?? answer.retryAfterS ?? 1;
    return { ...answer, content: page.contentFor(answer.status), retryAfterS };
  }

  private find({ status, reason }: LocalAnswer, scopes: readonly (PagesByKey | undefined)[]): ErrorPage | undefined {
    if (reason === 'maintenance') {
      for (const scope of scopes) {
        const page = scope?.get('maintenance');
        if (page !== undefined) return page;
      }
    }
    for (const scope of scopes) {
      const page = scope?.get(String(status)) ?? scope?.get(status < 500 ? '4xx' : '5xx');
      if (page !== undefined) return page;
    }
    return undefined;
  }
}

/** @returns the pages of a configuration; `undefined` where it has none */
export function pagesIn(config: Config, files: Files): Pages | undefined {
  const { errorPages, pools, routes = [] } = config;
  const all = [errorPages, ...[...Object.values(pools), ...routes].map((each) => each.errorPages)];
  return all.every((each) => each === undefined) ? undefined : new Pages(config, files);
}

/** @returns the answer of a route that has a fixed one */
export function fixedAnswer(config: RespondConfig, files: Files): LocalAnswer {
  const { status, headers } = config;
  const given = Object.entries(headers);
  const isType = ([name]: readonly [string, string]): boolean => name.toLowerCase() === 'content-type';
  const type = given.find(isType)?.[1] ?? typeOf(config);
  const hasBody = !WITHOUT_BODY.has(status);
  const content: AnswerContent = {
    type: hasBody ? type : '',
    body: hasBody ? bodyOf(config, files) : '',
    fields: given.filter((field) => !isType(field)),
  };
  return { status, reason: 'respond', detail: '', content };
}

function pagesOf(config: ErrorPagesConfig | undefined, files: Files): PagesByKey {
  return new Map(Object.entries(config ?? {}).map(([key, page]) => [key, new ErrorPage(page, files)]));
}

/** What a body is taken from. */
interface BodySource {
  readonly body?: string | undefined;
  readonly file?: string | undefined;
}

function bodyOf({ body = '', file }: BodySource, files: Files): string {
  if (file === undefined) return Buffer.from(body).toString('latin1');
  const text = Object.hasOwn(files, file) ? files[file] : undefined;
  if (text === undefined) throw new TypeError(`File ${file} was not read`);
  return text;
}

function typeOf({ file }: BodySource): string {
  if (file === undefined) return PLAIN;
  const ending = file.slice(file.lastIndexOf('.') + 1).toLowerCase();
  return (Object.hasOwn(TYPES, ending) ? TYPES[ending] : undefined) ?? UNKNOWN_TYPE;
}
