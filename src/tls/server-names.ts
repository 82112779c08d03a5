/**
 * tls/server-names.ts: which of a listener's certificates a client gets, by the name that it asks for (SNI, RFC 6066
 * section 3). An exact name beats a wildcard, which stands for one label; the first certificate is for everybody else.
 * Of each kind of key there may be one: the client's signature algorithms decide between them, within OpenSSL.
 */

/** A certificate as far as the choice goes. */
export interface NamedCertificate {
  /** In lower case. */
  readonly names: readonly string[];
  /** Kind of its key, as in `rsa` or `ec`. */
  readonly keyType: string;
}

/** Finds certificates by name; all that it answers are indices into the list that it was made from. */
export class ServerNames {
  /** For clients that ask for no name, or for one that no certificate has. */
  readonly fallback: readonly number[];
  private readonly byName = new Map<string, number[]>();

  constructor(certificates: readonly NamedCertificate[]) {
    for (const [index, { names, keyType }] of certificates.entries()) {
      for (const name of names) {
        const found = this.byName.get(name) ?? [];
        this.byName.set(name, found);
        // The first of a kind wins.
        if (found.every((other) => certificates[other]?.keyType !== keyType)) found.push(index);
      }
    }
    this.fallback = fallbackOf(certificates, this.byName);
  }

  /** @returns the certificates for a name that a client asks for, one of each kind of key */
  find(servername: string): readonly number[] {
    const name = servername.toLowerCase().replace(/\.$/, '');
    const exact = this.byName.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf('.');
    return (dot > 0 ? this.byName.get(`*${name.slice(dot)}`) : undefined) ?? this.fallback;
  }

  /** Whether the name that a client asks for makes a difference. */
  get differ(): boolean {
    const fallback = this.fallback.join();
    return [...this.byName.values()].some((found) => found.join() !== fallback);
  }
}

/** @returns the first certificate, and those of other kinds of key that are for its first name as well */
function fallbackOf(
  certificates: readonly NamedCertificate[],
  byName: ReadonlyMap<string, readonly number[]>,
): readonly number[] {
  const [first] = certificates;
  const same = byName.get(first?.names[0] ?? '') ?? [];
  const others = same.filter((index) => certificates[index]?.keyType !== first?.keyType);
  return first === undefined ? [] : [0, ...others];
}
