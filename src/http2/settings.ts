/** http2/settings.ts: the settings of a connection (RFC 9113 section 6.5.2). */
import { connectionFault, ERROR_CODE, type Http2Fault } from './error-code.js';
import { DEFAULT_FRAME_BYTES, DEFAULT_WINDOW, LARGEST_FRAME_BYTES, LARGEST_WINDOW } from './frame.js';

export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  /** SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441 section 3. */
  enableConnectProtocol: 0x8,
  /** SETTINGS_NO_RFC7540_PRIORITIES, RFC 9218 section 2.1. */
  noRfc7540Priorities: 0x9,
} as const;

/** What the peer has set; before that, the defaults. */
export interface PeerSettings {
  headerTableSize: number;
  /** Streams that this side may have open at once. */
  maxConcurrentStreams: number;
  /** The window that each stream of this side begins with, in bytes. */
  initialWindowSize: number;
  maxFrameSize: number;
  /** Bytes of a header list that the peer takes, as far as it has said so. */
  maxHeaderListSize: number;
  enableConnectProtocol: boolean;
}

export function defaultSettings(): PeerSettings {
  return {
    headerTableSize: 4_096,
    maxConcurrentStreams: Number.POSITIVE_INFINITY,
    initialWindowSize: DEFAULT_WINDOW,
    maxFrameSize: DEFAULT_FRAME_BYTES,
    maxHeaderListSize: Number.POSITIVE_INFINITY,
    enableConnectProtocol: false,
  };
}

/**
 * Takes over the payload of SETTINGS, `bytes[from, to)`, in its order.
 * @param isServer whether the peer is a server, which may not switch push on
 */
export function readSettings(
  bytes: Buffer,
  from: number,
  to: number,
  into: PeerSettings,
  isServer: boolean,
): Http2Fault | undefined {
  for (let at = from; at < to; at += 6) {
    const fault = readSetting(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2), into, isServer);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function readSetting(id: number, value: number, into: PeerSettings, isServer: boolean): Http2Fault | undefined {
  switch (id) {
    case SETTING.headerTableSize:
      into.headerTableSize = value;
      return undefined;
    case SETTING.enablePush:
      return value === 0 || (value === 1 && !isServer) ? undefined : invalid('SETTINGS_ENABLE_PUSH', value);
    case SETTING.maxConcurrentStreams:
      into.maxConcurrentStreams = value;
      return undefined;
    case SETTING.initialWindowSize:
      if (value > LARGEST_WINDOW) return invalid('SETTINGS_INITIAL_WINDOW_SIZE', value, ERROR_CODE.flowControlError);
      into.initialWindowSize = value;
      return undefined;
    case SETTING.maxFrameSize:
      if (value < DEFAULT_FRAME_BYTES || value > LARGEST_FRAME_BYTES) return invalid('SETTINGS_MAX_FRAME_SIZE', value);
      into.maxFrameSize = value;
      return undefined;
    case SETTING.maxHeaderListSize:
      into.maxHeaderListSize = value;
      return undefined;
    case SETTING.enableConnectProtocol:
      // RFC 8441 section 3: once switched on it stays on.
      if (value > 1 || (value === 0 && into.enableConnectProtocol)) {
        return invalid('SETTINGS_ENABLE_CONNECT_PROTOCOL', value);
      }
      into.enableConnectProtocol = value === 1;
      return undefined;
    case SETTING.noRfc7540Priorities:
      return value > 1 ? invalid('SETTINGS_NO_RFC7540_PRIORITIES', value) : undefined;
    default:
      return undefined; // settings that are not known are ignored
  }
}

function invalid(name: string, value: number, code: Http2Fault['code'] = ERROR_CODE.protocolError): Http2Fault {
  return connectionFault(code, `${name} of ${value}`);
}
