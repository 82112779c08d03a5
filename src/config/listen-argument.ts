/** config/listen-argument.ts: reads what `--listen` is given: an address, and before it the protocol of its clients. */
import { UsageError } from './usage-error.js';
import { withHost } from './with-host.js';

/** A certificate and its key, by `--cert` and `--key`. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A listener as `--listen` can describe it. */
export interface ListenArgument {
  readonly address: string;
  readonly protocol?: 'tcp';
  readonly tls?: { readonly certificates: readonly CertificateFiles[] };
}

/** Schemes, and what each sets beside the address. */
const SCHEMES = ['http', 'https', 'tcp'] as const;

/**
 * @param typed `[::]:8080`, `8080`, `:8080`, `https://:8443` or `tcp://:6379`; without a scheme it is `http`. Any other
 * text is kept as the address, for the schema to refuse
 * @param files for listeners with https
 * @throws {UsageError} for one with https where no certificate is given
 */
export function listenArgument(typed: string, files?: CertificateFiles): ListenArgument {
  const [, given = 'http', rest = typed] = /^([a-z]+):\/\/(.*)$/.exec(typed) ?? [];
  const scheme = SCHEMES.find((each) => each === given);
  if (scheme === undefined) return { address: typed };
  const address = withHost(rest, '0.0.0.0');
  switch (scheme) {
    case 'http':
      return { address };
    case 'tcp':
      return { address, protocol: 'tcp' };
    case 'https':
      if (files === undefined)
        throw new UsageError(`--listen: "${typed}" needs a certificate; name it by --cert and --key`);
      return { address, tls: { certificates: [files] } };
  }
}
