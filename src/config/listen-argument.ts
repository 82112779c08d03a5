/** config/listen-argument.ts: reads what `--listen` is given: an address, and before it the protocol of its clients. */
import { withHost } from './with-host.js';

/** A listener as `--listen` can describe it. */
export interface ListenArgument {
  readonly address: string;
  readonly protocol?: 'tcp';
}

/** What each scheme sets beside the address. */
const SCHEMES: Readonly<Record<string, Omit<ListenArgument, 'address'>>> = { http: {}, tcp: { protocol: 'tcp' } };

/**
 * @param typed `[::]:8080`, `8080`, `:8080` or `tcp://:6379`; without a scheme it is `http`. Any other text is kept as the
 * address, for the schema to refuse
 */
export function listenArgument(typed: string): ListenArgument {
  const [, scheme = 'http', rest = typed] = /^([a-z]+):\/\/(.*)$/.exec(typed) ?? [];
  const settings = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  return settings === undefined ? { address: typed } : { address: withHost(rest, '0.0.0.0'), ...settings };
}
