/** control/tls/system-ca.ts: the CAs that the system trusts, which Node does not look at by itself. */
import { readBoundedFile } from '../../config/read-file.js';
import { pemCertificates } from '../../tls/certificate.js';

/** Where distributions keep them: Debian and Alpine, Red Hat, SUSE, BSD and macOS. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

export interface SystemCa {
  readonly file: string;
  /** In PEM. */
  readonly certificates: readonly string[];
}

/**
 * @param given `SSL_CERT_FILE`, by which OpenSSL's programs are told of another bundle
 * @returns `undefined` where there is no bundle; those that Node brings along stand in then
 */
export async function readSystemCa(given: string | undefined): Promise<SystemCa | undefined> {
  for (const file of given === undefined || given === '' ? BUNDLES : [given, ...BUNDLES]) {
    const certificates = await bundleIn(file);
    if (certificates.length > 0) return { file, certificates };
  }
  return undefined;
}

/** @returns the certificates in a file; none where it cannot be read */
export async function bundleIn(file: string): Promise<readonly string[]> {
  try {
    const bytes = await readBoundedFile(file, 'so it is no list of CAs');
    return pemCertificates(bytes.toString('latin1'));
  } catch {
    return [];
  }
}
