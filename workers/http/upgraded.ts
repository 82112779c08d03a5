/** workers/http/upgraded.ts: makes a tunnel of an exchange whose backend has switched protocols. */
import type { ByteChannel } from '../transport.js';
import { Tunnel, type TunnelOwner } from '../tunnel.js';
import type { Attempt } from './attempt.js';
import type { Exchange } from './exchange.js';

/** Counts the bytes of an exchange's tunnel for the access log, and ends record and attempt with it. */
class Upgraded implements TunnelOwner {
  private readonly exchange: Exchange;
  private readonly attempt: Attempt;

  constructor(exchange: Exchange, attempt: Attempt) {
    this.exchange = exchange;
    this.attempt = attempt;
  }

  onUpward(bytes: number): void {
    this.exchange.client.record?.received(bytes);
  }

  onDownward(bytes: number): void {
    this.exchange.client.record?.sent(bytes);
  }

  onTunnelTimeout(): void {
    this.exchange.client.record?.blame('timeout');
  }

  onTunnelOver(): void {
    this.attempt.letGo();
    this.exchange.client.record?.end();
  }
}

/** Joins both connections of an exchange. @param attempt the attempt whose backend has switched protocols */
export function tunnelFor(exchange: Exchange, attempt: Attempt, client: ByteChannel, backend: ByteChannel): Tunnel {
  const { context, dispatch } = exchange.pool;
  const { timeouts } = exchange.request;
  const idleMs = (): number => timeouts?.tunnelIdle ?? dispatch.config.timeouts.tunnelIdle;
  const parts = { wheel: context.wheel, buffers: context.buffers, idleMs };
  return new Tunnel(client, backend, parts, new Upgraded(exchange, attempt));
}
