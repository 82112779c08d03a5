/**
 * core/service.ts: turns the SRV records of a name (RFC 2782) into backends. Each record has a host, a port and a
 * weight; priorities become tiers: hosts of a higher priority number serve only when those of lower numbers cannot.
 */

/** One SRV record. */
export interface ServiceTarget {
  /** Name of the host; `.` or empty means that the service is not offered (RFC 2782). */
  readonly name: string;
  readonly port: number;
  /** Priority, 0 to 65,535: a record of a lower number is used first. */
  readonly priority: number;
  /** Share relative to the records of the same priority, 0 to 65,535; 0 means the smallest possible share. */
  readonly weight: number;
}

export interface ServiceBackend {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly tier: number;
}

/** Where the backends of a service fit into a pool. */
export interface ServiceLimits {
  /** Tier of the records with the lowest priority number; each higher number gets the next tier. */
  readonly tier: number;
  readonly highestTier: number;
  readonly highestWeight: number;
}

/**
 * @returns the backends sorted by tier, host and port, since name servers shuffle records; each host and port once.
 * Weights are scaled down to `highestWeight` if any is above it
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
