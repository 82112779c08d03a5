/**
 * test/conformance/run.ts: runs the suite from the command line: against the built Roundhouse, against any proxy that
 * forwards to a port of this host (`--target`), or against Roundhouse, nginx and HAProxy side by side (`--compare`).
 * Exits with 1 when an outcome is none of the safe ones, in a comparison one of ours, and with 2 on wrong usage.
 */
import { parseArgs } from 'node:util';
import { LOOPBACK } from '../../bench/loopback.js';
import { formatTable } from '../../bench/table.js';
import { RecordingBackend } from './backend.js';
import { CASES, TOPICS } from './cases/index.js';
import type { Target } from './client.js';
import { cutAt, cuttable, dripped, everyCut } from './cuts.js';
import { type Product, Products } from './products.js';
import { COMPARISONS, describeFailure, type Judged, judgeAll, topicTable } from './report.js';
import { runCases } from './suite.js';

const USAGE = `usage: npm run conformance -- [--only PATTERN] [--json]
       npm run conformance -- --cuts [--only PATTERN]                   every request cut at every place
       npm run conformance -- --target HOST:PORT --backend-port PORT    any proxy that forwards to 127.0.0.1:PORT
       npm run conformance -- --compare [--details]                     Roundhouse, nginx and HAProxy in one table
`;
/** Our own answers come at once; others keep a connection open where they wait for more bytes. */
const PATIENCE_MS = 1_500;
/** Longer requests have nothing new to cut. */
const MOST_BYTES = 1_000;

interface Options {
  readonly only: RegExp;
  readonly json: boolean;
  readonly details: boolean;
}

interface Result {
  readonly name: string;
  readonly judged: readonly Judged[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      compare: { type: 'boolean', default: false },
      cuts: { type: 'boolean', default: false },
      details: { type: 'boolean', default: false },
      target: { type: 'string' },
      'backend-port': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(USAGE);
  const options: Options = { only: new RegExp(values.only), json: values.json, details: values.details };
  const target = values.target === undefined ? undefined : targetOf(values.target);
  if (target !== undefined && values['backend-port'] === undefined)
    throw new TypeError('--target needs --backend-port');
  const backend = await RecordingBackend.start(Number(values['backend-port'] ?? 0));
  const products = new Products();
  try {
    if (values.compare) return await compare(products, backend, options);
    const product = target === undefined ? await products.roundhouse(backend.port) : undefined;
    const at = target ?? { host: LOOPBACK, port: product?.port ?? 0 };
    if (values.cuts) await runCuts(at, backend, options);
    else report(await run(product, at, backend, options), options);
  } finally {
    await products.stop();
    backend.stop();
  }
}

async function run(
  product: Product | undefined,
  at: Omit<Target, 'patienceMs'>,
  backend: RecordingBackend,
  { only }: Options,
): Promise<Result> {
  const cases = CASES.filter(({ id }) => only.test(id));
  const seen = await runCases(cases, { ...at, patienceMs: PATIENCE_MS }, backend);
  return { name: product?.name ?? `${at.host}:${at.port}`, judged: judgeAll(cases, seen) };
}

/** Fails when a case has another outcome than in one piece. */
async function runCuts(at: Omit<Target, 'patienceMs'>, backend: RecordingBackend, { only }: Options): Promise<void> {
  const whole = cuttable(CASES, MOST_BYTES).filter(({ id }) => only.test(id));
  const cut = whole.flatMap((test) => [dripped(test), ...everyCut(test).map((place) => cutAt(test, place))]);
  const seen = await runCases(cut, { ...at, patienceMs: PATIENCE_MS }, backend);
  const differing = judgeAll(cut, seen).filter(({ verdict }) => !verdict.isFirst);
  print(`${whole.length} cases, ${cut.length} ways to cut them, ${differing.length} with another outcome\n`);
  for (const each of differing) print(`\n${describeFailure(each)}\n`);
  if (differing.length > 0) process.exitCode = 1;
}

async function compare(products: Products, backend: RecordingBackend, options: Options): Promise<void> {
  const results: Result[] = [];
  for (const begin of [products.roundhouse, products.nginx, products.haproxy]) {
    const product = await begin.call(products, backend.port);
    results.push(await run(product, { host: LOOPBACK, port: product.port }, backend, options));
    backend.forget();
  }
  if (options.json) printJson(results);
  else {
    print(`${comparisonTable(results)}\n\n${differenceTable(results)}\n`);
    if (options.details) for (const { name, judged } of results) print(`\n${name}\n${failures(judged)}\n`);
  }
  fail(results.slice(0, 1));
}

function failures(judged: readonly Judged[]): string {
  const failed = judged.filter(({ verdict }) => verdict.outcome === undefined);
  return failed.map((each) => `\n${describeFailure(each)}`).join('\n');
}

function report({ name, judged }: Result, { json }: Options): void {
  if (json) printJson([{ name, judged }]);
  else print(`${name}\n\n${topicTable(TOPICS, judged)}\n${failures(judged)}\n`);
  fail([{ name, judged }]);
}

/** One line per product: how often it does as Roundhouse does, and otherwise. */
function comparisonTable(results: readonly Result[]): string {
  return formatTable([
    ['', ...COMPARISONS],
    ...results.map(({ name, judged }) => [
      name,
      ...COMPARISONS.map((each) => String(judged.filter(({ comparison }) => comparison === each).length)),
    ]),
  ]);
}

/** One line per case in which not all do the same. */
function differenceTable(results: readonly Result[]): string {
  const [first] = results;
  const rows = (first?.judged ?? []).map(({ test }, index) => [
    test.id,
    ...results.map(({ judged }) => cellOf(judged[index])),
  ]);
  const differing = rows.filter(([, ...cells]) => cells.some((cell) => !cell.startsWith('same')));
  return formatTable([['case', ...results.map(({ name }) => name)], ...differing]);
}

function cellOf(judged: Judged | undefined): string {
  if (judged === undefined) return '-';
  const { comparison, verdict, seen } = judged;
  const statuses = seen.client.answers.map(({ status }) => status).join('+') || seen.client.end;
  return `${comparison}${verdict.outcome === undefined || comparison === 'same' ? '' : ` ${verdict.outcome.kind}`} ${statuses}`;
}

function printJson(results: readonly Result[]): void {
  const plain = results.map(({ name, judged }) => ({
    name,
    cases: judged.map(({ test, verdict, comparison, seen }) => ({
      id: test.id,
      title: test.title,
      rfc: test.rfc,
      comparison,
      kind: verdict.outcome?.kind,
      statuses: seen.client.answers.map(({ status }) => status),
      end: seen.client.end,
      reasons: verdict.outcome === undefined ? verdict.reasons : [],
    })),
  }));
  print(`${JSON.stringify(plain, undefined, 2)}\n`);
}

function fail(results: readonly Result[]): void {
  const failed = results.some(({ judged }) => judged.some(({ verdict }) => verdict.outcome === undefined));
  if (failed) process.exitCode = 1;
}

function targetOf(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  const [host, port] = [text.slice(0, colon), Number(text.slice(colon + 1))];
  if (colon < 1 || !(port > 0 && port < 65_536)) throw new TypeError(`--target: "${text}" is not HOST:PORT`);
  return { host, port };
}

function print(text: string): void {
  process.stdout.write(text);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof TypeError || error instanceof SyntaxError ? 2 : 1;
}
