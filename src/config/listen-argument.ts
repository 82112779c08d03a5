/** config/listen-argument.ts: reads what `--listen` is given: an address, and before it the protocol of its clients. */
import { UsageError } from './usage-error.js';
import { withHost } from './with-host.js';

/** A certificate and its key, by `--cert` and `--key`. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate that comes by ACME, by `--acme` and the flags beside it. */
export interface AcmeArgument {
  readonly email: string;
  readonly domains: readonly string[];
  readonly directory?: string;
  readonly storage?: string;
}

/** Where the listeners with https get their certificate. */
export type CertificateArgument =
  | { readonly certificates: readonly CertificateFiles[] }
  | { readonly acme: AcmeArgument };

/** A listener as `--listen` can describe it. */
export interface ListenArgument {
  readonly address: string;
  readonly protocol?: 'tcp';
  readonly tls?: CertificateArgument;
  readonly redirectHttps?: true;
}

/** The addresses of `--acme` where `--listen` names none. */
export const ACME_LISTENERS = ['http://:80', 'https://:443'] as const;

/** Schemes, and what each sets beside the address. */
const SCHEMES = ['http', 'https', 'tcp'] as const;

/**
 * @param typed `[::]:8080`, `8080`, `:8080`, `https://:8443` or `tcp://:6379`; without a scheme it is `http`. Any other
 * text is kept as the address, for the schema to refuse
 * @param certificate for listeners with https
 * @throws {UsageError} for one with https where no certificate is given
 */
export function listenArgument(typed: string, certificate?: CertificateArgument): ListenArgument {
  const [, given = 'http', rest = typed] = /^([a-z]+):\/\/(.*)$/.exec(typed) ?? [];
  const scheme = SCHEMES.find((each) => each === given);
  if (scheme === undefined) return { address: typed };
  const address = withHost(rest, '0.0.0.0');
  switch (scheme) {
    case 'http':
      // With certificates by ACME http is there for the CA, and for those who forget the s.
      return certificate !== undefined && 'acme' in certificate ? { address, redirectHttps: true } : { address };
    case 'tcp':
      return { address, protocol: 'tcp' };
    case 'https':
      if (certificate === undefined) {
        throw new UsageError(`--listen: "${typed}" needs a certificate; name it by --cert and --key, or see --acme`);
      }
      return { address, tls: certificate };
  }
}
