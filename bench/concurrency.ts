/** bench/concurrency.ts: `npm run concurrency -- [N]`: N requests at once, and which backend answered each. */
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import * as z from 'zod';
import { CouldNotRunError, createProgram, readCount, runProgram } from '../src/commands/program.js';
import { UsageError } from '../src/config/usage-error.js';

const MOST_REQUESTS = 5_000;
const TIMEOUT_MS = 30_000;
const identitySchema = z.object({ backend: z.string() });

interface ConcurrentAnswer {
  /** The name of the backend that answered, or why there was no answer. */
  readonly text: string;
  readonly status: number | undefined;
  readonly failed: boolean;
  readonly ms: number;
}

await runProgram(
  createProgram('concurrency')
    .description('Sends requests to the balancer all at once and prints which backend answered each.')
    .argument('[requests]', `how many, 1 to ${MOST_REQUESTS}`)
    .option('-n, --requests <count>', 'the same, as an option (10)')
    .option('--url <url>', 'what to ask', 'http://127.0.0.1:8080')
    .action(concurrency),
  process.argv,
);

interface Options {
  readonly requests?: string;
  readonly url: string;
}

async function concurrency(argument: string | undefined, options: Options): Promise<void> {
  const count = readCount(argument ?? options.requests ?? '10', 'REQUESTS', MOST_REQUESTS);
  const url = readUrl(options.url);
  await refuseWhenNobodyListens(url);
  const start = performance.now();
  // One connection each: requests that share one would arrive one after the other.
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const outcomes = await Promise.all(Array.from({ length: count }, () => ask(url, agent)));
  print(outcomes, performance.now() - start);
  process.exitCode = outcomes.some(({ failed }) => failed) ? 1 : 0;
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:') return url;
  throw new UsageError(`--url: "${text}" is not a URL; write it as http://127.0.0.1:8080`);
}

async function refuseWhenNobodyListens(url: URL): Promise<void> {
  const port = Number(url.port || 80);
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, host);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('timed out')));
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', ({ message }) => {
      const advice = 'start a balancer first, for example "npm run demo", or name another by --url';
      reject(new CouldNotRunError(`nothing answers on ${url.origin} (${message}); ${advice}`));
    });
  });
}

function ask(url: URL, agent: Agent): Promise<ConcurrentAnswer> {
  const start = performance.now();
  return new Promise((resolve) => {
    const fail = (reason: string, status?: number): void =>
      resolve({ text: reason, status, failed: true, ms: sinceMs(start) });
    const request = get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        // Enough to find a name in; the rest is read and dropped.
        if (body.length < 65_536) body += part;
      });
      response.once('aborted', () => fail('the answer broke off', response.statusCode));
      response.once('end', () => {
        const status = response.statusCode ?? 0;
        const name = nameOf(response.headers['x-backend'], body);
        if (status >= 400) return fail(name ?? (body.trim().slice(0, 100) || 'no reason given'), status);
        resolve({ text: name ?? 'a backend that does not name itself', status, failed: false, ms: sinceMs(start) });
      });
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
    request.once('error', (error) => fail(error.message));
  });
}

function sinceMs(start: number): number {
  return performance.now() - start;
}

/** @returns the backend's name in the X-Backend field or in the JSON body that the test servers send */
function nameOf(header: string | string[] | undefined, body: string): string | undefined {
  if (typeof header === 'string') return header;
  try {
    return identitySchema.parse(JSON.parse(body)).backend;
  } catch {
    return undefined;
  }
}

function print(outcomes: readonly ConcurrentAnswer[], totalMs: number): void {
  const width = String(outcomes.length).length + 1;
  for (const [index, { text, status, ms }] of outcomes.entries()) {
    console.log(`${`#${index + 1}`.padStart(width)}  ${status ?? '---'}  ${text}  ${ms.toFixed(1)} ms`);
  }
  const answered = outcomes.filter(({ failed }) => !failed);
  const shares = new Map<string, number>();
  for (const { text } of answered) shares.set(text, (shares.get(text) ?? 0) + 1);
  console.log('');
  for (const [name, share] of [...shares].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))) {
    console.log(`${name}: ${share} of ${outcomes.length} (${((100 * share) / outcomes.length).toFixed(0)} %)`);
  }
  console.log(
    `${outcomes.length} requests at once in ${totalMs.toFixed(0)} ms, ${outcomes.length - answered.length} failed`,
  );
}
