/** core/log-fields.ts: the names of the fields of a JSON line of the access log; docs/access-log.md explains them. */

/** Fields of the line of a request, in their order. */
export const REQUEST_FIELDS = [
  ...(['time', 'client', 'peer', 'tls', 'cipher', 'sni', 'method', 'target', 'version', 'host', 'line'] as const),
  ...(['status', 'reason', 'fault', 'requestBytes', 'responseBytes'] as const),
  ...(['durationMs', 'firstByteMs', 'backendMs', 'connectMs', 'attempts', 'pool', 'backend'] as const),
  ...(['route', 'requestId', 'traceId', 'referer', 'userAgent', 'worker'] as const),
] as const;
export type RequestField = (typeof REQUEST_FIELDS)[number];

/** Fields that only the line of a TCP connection has. */
export const CONNECTION_FIELDS = [
  ...(['protocol', 'listener', 'serverName', 'receivedBytes', 'sentBytes', 'ended'] as const),
] as const;

/** All names that may be chosen. */
export const LOG_FIELDS = [...REQUEST_FIELDS, ...CONNECTION_FIELDS] as const;
export type LogField = (typeof LOG_FIELDS)[number];
