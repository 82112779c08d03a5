/** commands/demo/demo-certificate.ts: the certificate of a demo over https, in a temporary folder. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../../control/tls/self-signed.js';

/** Days that the certificate is good for; no demo runs longer. */
const DAYS = 7;

export interface DemoCertificate {
  readonly cert: string;
  readonly key: string;
  remove(): Promise<void>;
}

/** Makes a certificate that signs itself, for this host alone. The key can be read by this user only. */
export async function demoCertificate(): Promise<DemoCertificate> {
  const { cert, key } = await selfSigned(['localhost', '127.0.0.1', '::1'], DAYS);
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-demo-'));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key, { mode: 0o600 })]);
  return { ...files, remove: () => rm(folder, { recursive: true, force: true }) };
}
