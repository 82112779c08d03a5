/**
 * control/metrics/families.ts: every metric, named here and nowhere else; `/metrics` and docs/metrics.md are made from
 * it. Counters never decrease: not when a worker dies, and those of a backend not while it is in its pool. Nothing that
 * clients choose, such as a path, is ever a label.
 */
import { REASONS } from '../../core/reason.js';
import { FLOOD_KINDS } from '../../http2/flood-guard.js';
import { BACKEND_COLUMNS, type BackendColumn } from '../../messages.js';
import { HANDSHAKE_FAILURES, SECURED } from '../../tls/outcomes.js';
import type { Renewal } from '../acme/renewals.js';
import { CLOSE_REASONS } from '../admin/connections.js';
import type { CertificateView } from '../tls/certificates.js';
import type { WorkerView } from '../view.js';
import type { By, Family, Value } from './family.js';
import type { BackendReadings, PoolReadings, Readings } from './readings.js';

export const BALANCER_FAMILIES: readonly Family<Readings>[] = [
  {
    name: 'roundhouse_build_info',
    kind: 'info',
    help: 'What is running; always 1.',
    labels: { version: ({ version }) => version, node: () => process.versions.node },
  },
  {
    name: 'process_start_time_seconds',
    kind: 'gauge',
    help: 'When the primary process started, in seconds since the epoch.',
    read: ({ primary }) => primary.startedAtMs / 1_000,
  },
  {
    name: 'process_cpu_seconds_total',
    kind: 'counter',
    help: 'CPU time of the primary process, user and system; workers have their own.',
    read: ({ primary }) => primary.cpuMicros / 1_000_000,
  },
  {
    name: 'process_resident_memory_bytes',
    kind: 'gauge',
    help: 'Resident memory of the primary process.',
    read: ({ primary }) => primary.memoryBytes,
  },
  {
    name: 'roundhouse_client_connections',
    kind: 'gauge',
    help: 'Client connections that are open, by protocol; one whose protocol is not known yet counts as HTTP/1.1.',
    by: {
      label: 'protocol',
      of: {
        'http/1.1': ({ totals }) =>
          Math.max(0, totals.clientConnections - totals.http2Connections - totals.tcpConnections),
        h2: ({ totals }) => totals.http2Connections,
        tcp: ({ totals }) => totals.tcpConnections,
      },
    },
  },
  {
    name: 'roundhouse_client_connections_accepted_total',
    kind: 'counter',
    help: 'Client connections that were accepted.',
    read: ({ totals }) => totals.accepted,
  },
  {
    name: 'roundhouse_permits_unkept_total',
    kind: 'counter',
    help:
      'Times that a limit of the whole host was counted by a worker for itself, since the primary had no room to keep ' +
      'count of another client address.',
    read: ({ permitsUnkept }) => permitsUnkept,
  },
  {
    name: 'roundhouse_client_requests_total',
    kind: 'counter',
    help: 'Requests that were understood, by protocol; HTTP/1.0 counts as HTTP/1.1.',
    by: {
      label: 'protocol',
      of: {
        'http/1.1': ({ totals }) => totals.requests - totals.http2Requests,
        h2: ({ totals }) => totals.http2Requests,
      },
    },
  },
  {
    name: 'roundhouse_unserved_requests_total',
    kind: 'counter',
    help: 'Requests that did not simply get what a backend answered, by the reason that the access log gives.',
    by: {
      label: 'reason',
      of: readsOf(REASONS, (reason) => (readings) => readings.unserved(reason)),
      see: 'access-log.md',
    },
  },
  {
    name: 'roundhouse_http2_floods_total',
    kind: 'counter',
    help: 'HTTP/2 connections of clients that were ended for a flood, by the limit of `http2.floods`.',
    by: { label: 'kind', of: readsOf(FLOOD_KINDS, (kind) => (readings) => readings.floods(kind)), see: 'http2.md' },
  },
  {
    name: 'roundhouse_tls_handshakes_total',
    kind: 'counter',
    help: 'TLS handshakes with clients that were completed, by version and whether a session was resumed.',
    by: { label: 'kind', of: readsOf(SECURED, (outcome) => (readings) => readings.handshakes(outcome)) },
  },
  {
    name: 'roundhouse_tls_handshake_failures_total',
    kind: 'counter',
    help: 'TLS handshakes with clients that failed, by the reason.',
    by: {
      label: 'reason',
      of: readsOf(HANDSHAKE_FAILURES, (outcome) => (readings) => readings.handshakes(outcome)),
      see: 'tls.md',
    },
  },
  {
    name: 'roundhouse_access_log_lost_lines_total',
    kind: 'counter',
    help: 'Lines of the access log that could not be written.',
    read: ({ totals }) => totals.accessLogLost,
  },
  {
    name: 'roundhouse_workers',
    kind: 'gauge',
    help: 'Worker processes, by what they do.',
    by: {
      label: 'state',
      of: readsOf(
        ['starting', 'listening', 'draining'],
        (state) =>
          ({ workers }) =>
            workers.filter((worker) => worker.state === state).length,
      ),
    },
  },
  {
    name: 'roundhouse_worker_restarts_total',
    kind: 'counter',
    help: 'Workers that had to be replaced because they died.',
    read: ({ workerRestarts }) => workerRestarts,
  },
  {
    name: 'roundhouse_state_sync_lag_seconds',
    kind: 'gauge',
    help: 'How long the last change of a pool took to reach every worker.',
    read: ({ convergence }) => seconds(convergence.lastMs),
  },
  {
    name: 'roundhouse_state_sync_pending_changes',
    kind: 'gauge',
    help: 'Changes of pools that some worker does not have yet.',
    read: ({ convergence }) => convergence.pending,
  },
  {
    name: 'roundhouse_admin_connections',
    kind: 'gauge',
    help: 'Connections that are open to the admin interface and to the address for metrics.',
    read: ({ admin }) => admin.connections,
  },
  {
    name: 'roundhouse_admin_connections_closed_total',
    kind: 'counter',
    help: 'Those that a limit of `adminLimits` has closed or refused.',
    by: {
      label: 'reason',
      of: readsOf(
        CLOSE_REASONS,
        (reason) =>
          ({ admin }) =>
            admin.closed(reason),
      ),
      see: 'admin.md',
    },
  },
];

/** Of what is in maintenance. */
export const MAINTENANCE_FAMILIES: readonly Family<true>[] = [
  {
    name: 'roundhouse_maintenance',
    kind: 'gauge',
    help: 'Always 1: `what` is in maintenance, `all`, or the `route` or `pool` called `name`; no sample for anything else.',
    read: () => 1,
  },
];

export const POOL_FAMILIES: readonly Family<PoolReadings>[] = [
  {
    name: 'roundhouse_request_duration_seconds',
    kind: 'histogram',
    help: 'From the first byte of a request to the last of its response, or until its client gave up; without upgrades.',
    durations: ({ durations, protocol }) => (protocol === 'http' ? durations : null),
  },
  {
    name: 'roundhouse_tcp_connection_duration_seconds',
    kind: 'histogram',
    help: 'From the beginning of a TCP connection to its end; pools of TCP listeners only.',
    durations: ({ durations, protocol }) => (protocol === 'tcp' ? durations : null),
  },
  {
    name: 'roundhouse_request_errors_total',
    kind: 'counter',
    help:
      'Requests whose client got a 5xx, whoever answered, or a response that broke off; TCP connections that got no ' +
      'backend.',
    read: ({ totals }) => totals.errors,
  },
  {
    name: 'roundhouse_retries_total',
    kind: 'counter',
    help: 'Attempts made again, by what became of the one before.',
    by: {
      label: 'reason',
      of: {
        connect: ({ totals }) => totals.retriedConnect,
        reset: ({ totals }) => totals.retriedReset,
        timeout: ({ totals }) => totals.retriedTimeout,
        'bad-response': ({ totals }) => totals.retriedBadResponse,
        status: ({ totals }) => totals.retriedStatus,
        slow: ({ totals }) => totals.retriedSlow,
        evacuated: ({ totals }) => totals.retriedEvacuated,
      },
    },
  },
  {
    name: 'roundhouse_retries_refused_total',
    kind: 'counter',
    help: 'Attempts that would have been made again, by what did not let them.',
    by: {
      label: 'limit',
      of: {
        budget: ({ totals }) => totals.budgetSpent,
        'client-share': ({ totals }) => totals.clientShareSpent,
        'circuit-breaker': ({ totals }) => totals.retriesBroken,
      },
    },
  },
  {
    name: 'roundhouse_hedges_total',
    kind: 'counter',
    help: 'Second attempts made beside a first that took long.',
    read: ({ totals }) => totals.hedges,
  },
  {
    name: 'roundhouse_hedges_won_total',
    kind: 'counter',
    help: 'Second attempts that were answered before the first.',
    read: ({ totals }) => totals.hedgesWon,
  },
  {
    name: 'roundhouse_evacuated_requests_total',
    kind: 'counter',
    help: 'Requests that left a backend which went out of use before it answered them.',
    read: ({ totals }) => totals.evacuated,
  },
  {
    name: 'roundhouse_queue_length',
    kind: 'gauge',
    help: 'Requests that wait for a backend.',
    read: ({ totals }) => totals.waiting,
  },
  {
    name: 'roundhouse_queued_requests_total',
    kind: 'counter',
    help: 'Requests that had to wait for a backend.',
    read: ({ totals }) => totals.queued,
  },
  {
    name: 'roundhouse_queue_rejections_total',
    kind: 'counter',
    help: 'Requests that were answered 503 because too many waited, or because they had waited too long.',
    by: { label: 'reason', of: { full: ({ totals }) => totals.queueFull, timeout: ({ totals }) => totals.queueLate } },
  },
  {
    name: 'roundhouse_circuit_breaker_trips_total',
    kind: 'counter',
    help: 'Requests and connections that a circuit breaker stopped or let wait, by its limit.',
    by: {
      label: 'limit',
      of: {
        connections: ({ totals }) => totals.connectionsBroken,
        pending: ({ totals }) => totals.pendingBroken,
        requests: ({ totals }) => totals.requestsBroken,
        retries: ({ totals }) => totals.retriesBroken,
      },
    },
  },
  {
    name: 'roundhouse_pool_panic',
    kind: 'gauge',
    help: 'Whether too few backends are usable, so that all are tried.',
    read: ({ panic }) => panic,
  },
  {
    name: 'roundhouse_pool_eligible_backends',
    kind: 'gauge',
    help: 'Backends that a new request may go to.',
    read: ({ eligible }) => eligible,
  },
  {
    name: 'roundhouse_discovery_refused_total',
    kind: 'counter',
    help: 'Addresses in answers of DNS that were not used, by the reason: `own`, an address of this balancer; `excess`, more than `dns.addresses`.',
    by: {
      label: 'reason',
      of: { own: ({ refusals }) => refusals.own, excess: ({ refusals }) => refusals.excess },
    },
  },
  {
    name: 'roundhouse_pool_version',
    kind: 'gauge',
    help: 'Grows with each change of the pool.',
    read: ({ version }) => version,
  },
];

export const BACKEND_FAMILIES: readonly Family<BackendReadings>[] = [
  {
    name: 'roundhouse_requests_total',
    kind: 'counter',
    help: 'Responses of the backend, by class of their status.',
    by: {
      label: 'code',
      of: {
        '1xx': counted('status1xx'),
        '2xx': counted('status2xx'),
        '3xx': counted('status3xx'),
        '4xx': counted('status4xx'),
        '5xx': counted('status5xx'),
      },
    },
  },
  {
    name: 'roundhouse_backend_response_seconds',
    kind: 'summary',
    help: 'From when the backend was asked to the head of its response; over TCP, the time to connect.',
    durations: ({ durations }) => durations,
  },
  {
    name: 'roundhouse_tcp_connections_total',
    kind: 'counter',
    help: 'TCP connections that were joined to the backend; pools of TCP listeners only.',
    read: countedOverTcp('tcpOpened'),
  },
  {
    name: 'roundhouse_tcp_connections',
    kind: 'gauge',
    help: 'TCP connections that are open to the backend, or opening; pools of TCP listeners only.',
    read: ({ inflight, protocol }) => (protocol === 'tcp' ? inflight : null),
  },
  {
    name: 'roundhouse_tcp_bytes_total',
    kind: 'counter',
    help: 'Bytes of TCP connections: received from clients, and sent to them; pools of TCP listeners only.',
    by: { label: 'direction', of: { received: countedOverTcp('tcpReceived'), sent: countedOverTcp('tcpSent') } },
  },
  {
    name: 'roundhouse_backend_attempts_total',
    kind: 'counter',
    help: 'Attempts at requests that were given to the backend.',
    read: counted('requests'),
  },
  {
    name: 'roundhouse_backend_retries_total',
    kind: 'counter',
    help: 'Those of the attempts that were not the first of their request.',
    read: counted('retries'),
  },
  {
    name: 'roundhouse_backend_failures_total',
    kind: 'counter',
    help: 'Attempts that failed: no connection, or no good response on it.',
    by: {
      label: 'kind',
      of: { connect: counted('connectFailures'), response: counted('failures') },
    },
  },
  {
    name: 'roundhouse_backend_excused_total',
    kind: 'counter',
    help: 'Failed attempts and 5xx that blame nobody: their client may have caused them, or has had its share.',
    read: counted('excused'),
  },
  {
    name: 'roundhouse_backend_inflight',
    kind: 'gauge',
    help: 'Requests, or TCP connections, that are open on the backend.',
    read: ({ inflight }) => inflight,
  },
  {
    name: 'roundhouse_backend_up',
    kind: 'gauge',
    help: 'Whether its health checks let it be used; one that has no verdict yet may be.',
    read: ({ backend }) => backend.health !== 'down',
  },
  {
    name: 'roundhouse_backend_ejected',
    kind: 'gauge',
    help: 'Whether it is out of use for a while because its requests failed.',
    read: ({ backend }) => backend.outlier === 'ejected',
  },
  {
    name: 'roundhouse_backend_enabled',
    kind: 'gauge',
    help: 'Whether its operator lets it have new requests: it neither drains nor is in maintenance.',
    read: ({ backend }) => backend.admin === 'enabled',
  },
  {
    name: 'roundhouse_backend_weight',
    kind: 'gauge',
    help: 'Its configured weight.',
    read: ({ backend }) => backend.weight,
  },
  {
    name: 'roundhouse_backend_ejections_total',
    kind: 'counter',
    help: 'How often it was ejected.',
    read: ({ timesEjected }) => timesEjected,
  },
  {
    name: 'roundhouse_backend_probes_total',
    kind: 'counter',
    help: 'Health checks that were made, by result.',
    by: {
      label: 'result',
      of: { success: ({ probes }) => probes.succeeded, failure: ({ probes }) => probes.failed },
    },
  },
  {
    name: 'roundhouse_backend_suspicions_total',
    kind: 'counter',
    help: 'How often it was asked if it is alive because requests waited on it in vain, by whether it was.',
    by: {
      label: 'answer',
      of: { alive: ({ probes }) => probes.asked.alive, none: ({ probes }) => probes.asked.silent },
    },
  },
  {
    name: 'roundhouse_backend_probe_duration_seconds',
    kind: 'gauge',
    help: 'How long the last health check took.',
    read: ({ probes }) => seconds(probes.last?.ms ?? null),
  },
];

/** Metrics of each name that a certificate is for. */
export const CERTIFICATE_FAMILIES: readonly Family<CertificateView>[] = [
  {
    name: 'roundhouse_certificate_not_after_seconds',
    kind: 'gauge',
    help: 'When the certificate for the name expires, in seconds since the epoch.',
    read: ({ notAfter }) => Date.parse(notAfter) / 1_000,
  },
];

/** Metrics of each certificate that comes by ACME. */
export const ACME_FAMILIES: readonly Family<Renewal>[] = [
  {
    name: 'roundhouse_acme_certificates_total',
    kind: 'counter',
    help: 'Certificates that the CA has given out.',
    read: ({ issued }) => issued,
  },
  {
    name: 'roundhouse_acme_failures_total',
    kind: 'counter',
    help: 'Orders that have failed.',
    read: ({ failed }) => failed,
  },
  {
    name: 'roundhouse_acme_failing',
    kind: 'gauge',
    help: 'Whether the last order has failed.',
    read: ({ problem }) => problem !== undefined,
  },
  {
    name: 'roundhouse_acme_next_order_seconds',
    kind: 'gauge',
    help: 'When the certificate is ordered next, in seconds since the epoch.',
    read: ({ nextMs }) => seconds(nextMs ?? null),
  },
];

/** Metrics of a worker slot. Gauges only, since a replacement takes over the slot number and counts from 0. */
export const WORKER_FAMILIES: readonly Family<WorkerView>[] = [
  {
    name: 'roundhouse_worker_start_time_seconds',
    kind: 'gauge',
    help: 'When the worker was started, in seconds since the epoch.',
    read: ({ since }) => Date.parse(since) / 1_000,
  },
  {
    name: 'roundhouse_worker_client_connections',
    kind: 'gauge',
    help: 'Client connections that the worker has open.',
    read: ({ clientConnections }) => clientConnections,
  },
  {
    name: 'roundhouse_worker_resident_memory_bytes',
    kind: 'gauge',
    help: 'Resident memory of the worker.',
    read: ({ memoryBytes }) => memoryBytes,
  },
  {
    name: 'roundhouse_worker_event_loop_delay_seconds',
    kind: 'gauge',
    help: 'How long what arrives waits until the worker reads it, at most; mean over the last second.',
    read: ({ loopDelayMs }) => seconds(loopDelayMs),
  },
  {
    name: 'roundhouse_worker_event_loop_delay_max_seconds',
    kind: 'gauge',
    help: 'The same, the longest of the last second.',
    read: ({ longestLoopDelayMs }) => seconds(longestLoopDelayMs),
  },
  {
    name: 'roundhouse_worker_overloaded',
    kind: 'gauge',
    help: 'Whether the worker is so far behind that it answers new requests with 503.',
    read: ({ overloaded }) => overloaded,
  },
];

function counted(name: BackendColumn): (item: BackendReadings) => number {
  const at = BACKEND_COLUMNS.indexOf(name);
  return ({ counts }) => counts[at] ?? 0;
}

/** {@link counted} for what only TCP connections have. */
function countedOverTcp(name: BackendColumn): (item: BackendReadings) => Value {
  const read = counted(name);
  return (item) => (item.protocol === 'tcp' ? read(item) : null);
}

function readsOf<Key extends string, Item>(
  keys: readonly Key[],
  read: (key: Key) => By<Item>['of'][string],
): By<Item>['of'] {
  return Object.fromEntries(keys.map((key) => [key, read(key)]));
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1_000;
}
