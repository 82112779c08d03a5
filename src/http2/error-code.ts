/** http2/error-code.ts: the error codes of RST_STREAM and GOAWAY (RFC 9113 section 7), and what breaks a connection. */

export const ERROR_CODE = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

export type ErrorCode = (typeof ERROR_CODE)[keyof typeof ERROR_CODE];

/** What a peer did that HTTP/2 does not allow. */
export interface Http2Fault {
  /** The stream to reset; 0 when the whole connection has to end. */
  readonly streamId: number;
  readonly code: ErrorCode;
  /** The rule that was broken, in words for a log and for the debug data of GOAWAY. */
  readonly detail: string;
}

/** @returns a fault that ends the connection */
export function connectionFault(code: ErrorCode, detail: string): Http2Fault {
  return { streamId: 0, code, detail };
}

/** @returns a fault that ends one stream */
export function streamFault(streamId: number, code: ErrorCode, detail: string): Http2Fault {
  return { streamId, code, detail };
}
