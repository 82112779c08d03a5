/**
 * commands/sample-backend.ts: an HTTP server that answers with its own id, for the demo, for `npm run servers` and for
 * experiments. It listens on loopback only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenError } from '../control/errors.js';
import { readPort } from './program.js';

const HOST = '127.0.0.1';
const LONGEST_WAIT_MS = 600_000;
const MOST_BYTES = 2 ** 34;
const CHUNK = Buffer.alloc(65_536, 'roundhouse ');

/** The message of a sample backend to the process that forked it: the port that it listens on, or why it does not. */
export type SampleBackendReport = { readonly port: number } | { readonly failed: string };

/**
 * Listens until the process ends. A child of the demo ends with the demo.
 * @throws {UsageError} if `portText` is not a port
 * @throws {StartError} if the port cannot be listened on
 */
export async function sampleBackend(portText: string, id?: string): Promise<void> {
  const port = readPort(portText, 'PORT', 0);
  const isChild = process.send !== undefined;
  try {
    const address = await listen(createServer({ keepAliveTimeout: 30_000 }), port, id);
    if (isChild) return followParent({ port: address.port });
    console.log(`${id ?? 'A sample backend'} listens on ${HOST}:${address.port}; Ctrl-C ends it`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    const failure = listenError(`${HOST}:${port}`, String(code));
    if (!isChild) throw failure;
    followParent({ failed: failure.message });
  }
}

function followParent(report: SampleBackendReport): void {
  // Ctrl-C is sent to the whole process group; the parent decides when its backends end.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.send?.(report);
}

async function listen(server: Server, port: number, id: string | undefined): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no address');
  const name = `${HOST}:${address.port}`;
  const self: Self = { backend: id ?? name, address: name, pid: process.pid };
  server.on('request', (request, response) => {
    response.setHeader('x-backend', self.backend);
    response.setHeader('x-backend-pid', self.pid);
    answer(request, response, self);
  });
  return address;
}

interface Self {
  readonly backend: string;
  readonly address: string;
  readonly pid: number;
}

function answer(request: IncomingMessage, response: ServerResponse, self: Self): void {
  const url = new URL(request.url ?? '/', 'http://sample');
  const [, topic, value = ''] = url.pathname.split('/');
  if (request.method === 'POST' || request.method === 'PUT') return echo(request, response);
  switch (topic) {
    case 'health':
      return text(response, 200, 'ok\n');
    case 'slow':
      return later(() => say(request, response, self), response, numberFrom(url.searchParams.get('ms'), 1_000));
    case 'status':
      return withStatus(response, numberFrom(value, Number.NaN));
    case 'bytes':
      return bytes(response, numberFrom(value, Number.NaN));
    default:
      return say(request, response, self);
  }
}

function say(request: IncomingMessage, response: ServerResponse, self: Self): void {
  const body = `${JSON.stringify({ ...self, method: request.method, url: request.url })}\n`;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-type': type = 'application/octet-stream', 'content-length': length } = request.headers;
  response.writeHead(
    200,
    length === undefined ? { 'content-type': type } : { 'content-type': type, 'content-length': length },
  );
  request.pipe(response);
}

function later(act: () => void, response: ServerResponse, ms: number): void {
  if (!(ms <= LONGEST_WAIT_MS)) return text(response, 400, `ms is a number up to ${LONGEST_WAIT_MS}\n`);
  const timer = setTimeout(act, ms);
  response.once('close', () => clearTimeout(timer));
}

function withStatus(response: ServerResponse, status: number): void {
  if (!(status >= 200 && status <= 599)) return text(response, 400, 'write /status/200 to /status/599\n');
  text(response, status, status === 204 || status === 304 ? '' : `${status}\n`);
}

function bytes(response: ServerResponse, count: number): void {
  if (!(count <= MOST_BYTES)) return text(response, 400, `write /bytes/0 to /bytes/${MOST_BYTES}\n`);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': count });
  let left = count;
  const more = (): void => {
    while (left > 0) {
      const part = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
      left -= part.length;
      if (!response.write(part)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(body);
}

/** @returns the whole number in a text; `fallback` without a text; NaN if the text is not a whole number */
function numberFrom(given: string | null, fallback: number): number {
  if (given === null || given === '') return fallback;
  return /^\d{1,11}$/.test(given) ? Number(given) : Number.NaN;
}
