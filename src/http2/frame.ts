/** http2/frame.ts: the types, flags and sizes of frames (RFC 9113 sections 4 and 6). */

export const FRAME = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
  /** PRIORITY_UPDATE, RFC 9218 section 7.1. */
  priorityUpdate: 0x10,
} as const;

export const FLAG = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Bytes in front of a frame's payload. */
export const FRAME_HEADER_BYTES = 9;
/** The largest payload that every peer takes, and the one that is sent, in bytes. */
export const DEFAULT_FRAME_BYTES = 16_384;
/** The largest SETTINGS_MAX_FRAME_SIZE, in bytes. */
export const LARGEST_FRAME_BYTES = 16_777_215;
/** The most bytes of a window (RFC 9113 section 6.9.1). */
export const LARGEST_WINDOW = 0x7fff_ffff;
/** The window of connections and streams before any other is set, in bytes. */
export const DEFAULT_WINDOW = 65_535;

/** What a client begins every connection with (RFC 9113 section 3.4). */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
