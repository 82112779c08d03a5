/**
 * core/service.ts: what an SRV answer means for a pool (RFC 2782): several backends from one name, each with a port and
 * a weight; those of a higher priority number are for when those of a lower one cannot serve, which is what tiers are.
 */

/** One record of an answer. */
export interface ServiceTarget {
  /** Name of the host; `.` or empty says that the service is decidedly not offered. */
  readonly name: string;
  readonly port: number;
  /** The lower the sooner it is used, 0 to 65,535. */
  readonly priority: number;
  /** Share among those of the same priority, 0 to 65,535; 0 is as little as possible. */
  readonly weight: number;
}

export interface ServiceBackend {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly tier: number;
}

export interface ServiceLimits {
  /** Tier of the lowest priority number there is. */
  readonly tier: number;
  readonly highestTier: number;
  readonly highestWeight: number;
}

/**
 * @returns the backends, in an order that does not depend on that of the answer, which servers shuffle; of two records
 * with one host and port the first counts
 */
export function backendsOf(targets: readonly ServiceTarget[], limits: ServiceLimits): readonly ServiceBackend[] {
  const offered = targets.filter(({ name, port }) => withoutDot(name) !== '' && port > 0);
  const priorities = [...new Set(offered.map(({ priority }) => priority))].sort((a, b) => a - b);
  const heaviest = Math.max(0, ...offered.map(({ weight }) => weight));
  const scale = Math.min(1, limits.highestWeight / heaviest);
  const backends = offered.map(({ name, port, priority, weight }) => ({
    host: withoutDot(name).toLowerCase(),
    port,
    weight: Math.max(1, Math.round(weight * scale)),
    tier: Math.min(limits.highestTier, limits.tier + priorities.indexOf(priority)),
  }));
  const sorted = backends.sort((a, b) => a.tier - b.tier || compare(a.host, b.host) || a.port - b.port);
  return sorted.filter(
    ({ host, port }, index) => sorted.findIndex((b) => b.host === host && b.port === port) === index,
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
