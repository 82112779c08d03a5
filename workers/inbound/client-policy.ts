/**
 * workers/inbound/client-policy.ts: which clients are trusted, and what backends are told of clients, by `forwarding`.
 */
import { randomUUID } from 'node:crypto';
import type { Config } from '../../src/config/schema.js';
import { clientNode } from '../../src/core/client-node.js';
import { IpList } from '../../src/core/ip-list.js';
import { X_FORWARDED_FOR } from '../../src/http1/field-kind.js';
import type { Additions, ClientSide } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import type { ClientCertificate } from '../../src/tls/client-certificate.js';

export class ClientPolicy {
  /** The fields that requests get beside X-Forwarded-*. */
  readonly additions: Additions;
  /** Makes an X-Request-Id; `undefined` where none is made. */
  readonly makeRequestId: (() => string) | undefined;
  private readonly trusted: IpList | undefined;

  constructor({ forwarding }: Config) {
    const { forwarded, via, requestId, trustedProxies } = forwarding;
    this.additions = { forwarded, via: via === 'off' ? '' : via };
    this.makeRequestId = requestId ? randomUUID : undefined;
    if (trustedProxies.length > 0) this.trusted = new IpList(trustedProxies);
  }

  /** @returns the client as backends are told of it @param proto the scheme of its requests */
  side(address: string, proto: ClientSide['proto'], certificate?: ClientCertificate): ClientSide {
    return { address, proto, trusted: this.trusts(address), certificate };
  }

  /**
   * @returns the address of the client itself, as far as the proxies in front of us can be believed: each has appended
   * the one before it to X-Forwarded-For, so the last one that is no proxy of ours is the client. Read by
   * {@link clientNode}, so that it may be a key of tables and written to logs
   */
  clientAddress({ fields }: RequestHead, { address, trusted }: ClientSide): string {
    let client = address;
    let believed = trusted;
    for (let index = fields.count - 1; index >= 0 && believed; index--) {
      if (fields.kind(index) !== X_FORWARDED_FOR) continue;
      const hops = fields.text.slice(fields.valueAt(index), fields.valueEnd(index)).split(',');
      for (let hop = hops.pop()?.trim(); hop !== undefined && believed; hop = hops.pop()?.trim()) {
        if (hop === '') continue;
        client = clientNode(hop);
        believed = this.trusts(client);
      }
    }
    return client;
  }

  private trusts(address: string): boolean {
    return this.trusted?.has(address) ?? false;
  }
}
