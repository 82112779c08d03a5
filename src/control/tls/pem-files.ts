/** control/tls/pem-files.ts: reads the PEM files that the configuration names. */
import { ConfigError } from '../../config/config-error.js';
import { readConfigFile } from '../../config/read-file.js';
import { pemCertificates } from '../../tls/certificate.js';

export interface FileText {
  readonly file: string;
  readonly text: string;
}

/** The files of a certificate and its key. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
  readonly passphraseFile?: string | undefined;
}

/** What is in them. */
export interface PairTexts {
  readonly cert: string;
  readonly key: string;
  readonly passphrase: string | undefined;
}

/** @throws {ConfigError} when one cannot be read */
export async function readPair({ cert, key, passphraseFile }: PairFiles): Promise<PairTexts> {
  const [certText, keyText, passphrase] = await Promise.all([
    readConfigFile(cert),
    readConfigFile(key),
    passphraseFile === undefined ? undefined : readConfigFile(passphraseFile),
  ]);
  return { cert: certText, key: keyText, passphrase: passphrase?.replace(/\r?\n$/, '') };
}

/** @throws {ConfigError} when one cannot be read */
export function readAll(files: string | readonly string[]): Promise<readonly FileText[]> {
  return Promise.all([files].flat().map(async (file) => ({ file, text: await readConfigFile(file) })));
}

/** @throws {ConfigError} when there is none */
export function certificatesIn({ file, text }: FileText): readonly string[] {
  const found = pemCertificates(text);
  if (found.length === 0) throw new ConfigError([`${file}: it holds no certificate in PEM`]);
  return found;
}
