/** test/examples/tls-example.ts: runs examples/tls.yaml with certificates of a CA of the test's own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { parse } from 'yaml';
import type { Balancer, ConfigInput } from '../../src/index.js';
import { onStop } from '../support/cleanup.js';
import { TestCa } from '../support/test-ca.js';
import { EXAMPLES, startExample } from './example.js';

type Listener = NonNullable<ConfigInput['listeners']>[number];

export interface TlsExample {
  readonly balancer: Balancer;
  readonly ca: TestCa;
}

/** Starts the example on free ports; each certificate is for the name that its file is called after. */
export async function startTlsExample(file: string): Promise<TlsExample> {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
  onStop(() => rmSync(folder, { recursive: true }));
  const ca = await TestCa.root('partners');
  const put = (name: string, pem: string): string => {
    const path = join(folder, basename(name));
    writeFileSync(path, pem);
    return path;
  };
  const here = async (listener: Listener): Promise<Listener> => {
    const address = '127.0.0.1:0';
    if (listener.tls === undefined) return { ...listener, address };
    const certificates = (listener.tls.certificates ?? []).map(async ({ cert, key }) => {
      const issued = await ca.issue([basename(cert, '.pem')]);
      return { cert: put(cert, issued.cert), key: put(key, issued.key) };
    });
    const { clientAuth } = listener.tls;
    const auth = clientAuth && { clientAuth: { ...clientAuth, ca: put('partners.pem', ca.cert) } };
    return { ...listener, address, tls: { ...listener.tls, certificates: await Promise.all(certificates), ...auth } };
  };
  const written: ConfigInput = parse(readFileSync(`${EXAMPLES}${file}`, 'utf8'));
  const listeners: Listener[] = [];
  // One after the other: two listeners may name the same file.
  for (const listener of written.listeners ?? []) listeners.push(await here(listener));
  return { balancer: await startExample(file, (config) => ({ ...config, listeners })), ca };
}

/** Asks one of the example's addresses for `/` over https. @returns status, fields, body and the certificate's name */
export async function askSecurely({ ca }: TlsExample, address: string, options: RequestOptions = {}) {
  const [host, port] = address.split(':');
  const verified = { host, port, ca: ca.cert, servername: 'example.com', agent: false as const };
  return new Promise<{ status: number; hsts: string; body: string; name: string }>((resolve, reject) => {
    get({ ...verified, ...options }, async (response) => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      const hsts = response.headers['strict-transport-security'] ?? '';
      resolve({ status: response.statusCode ?? 0, hsts, body: await text(response), name: String(name) });
    }).on('error', reject);
  });
}
