/** config/http2.ts: the part of schema.ts about HTTP/2: what a client may open, and how often it may do what costs. */
import * as z from 'zod';
import { FLOOD_KINDS, type FloodKind } from '../http2/flood-guard.js';
import { DEFAULT_WINDOW, LARGEST_WINDOW } from '../http2/frame.js';

/** The default of each limit, and what it is about. Browsers and h2load stay far below all of them. */
const FLOODS: Readonly<Record<FloodKind, readonly [limit: number, what: string]>> = {
  resets: [200, 'streams that the client opens and resets (CVE-2023-44487)'],
  provokedResets: [100, 'streams that the client breaks so that they have to be reset (CVE-2025-8671)'],
  pings: [100, 'PING frames'],
  settings: [50, 'SETTINGS frames'],
  emptyFrames: [100, 'DATA frames without content that do not end their stream'],
  priorities: [1_000, 'PRIORITY and PRIORITY_UPDATE frames'],
  windowUpdates: [20_000, 'WINDOW_UPDATE frames'],
  unknownFrames: [1_000, 'frames of unknown types'],
};

function floodLimit(kind: FloodKind) {
  const [limit, what] = FLOODS[kind];
  return z.int().min(0).max(10_000_000).default(limit).describe(`Most ${what}; \`0\` sets no limit.`);
}

const floods = z
  .strictObject(
    Object.fromEntries(FLOOD_KINDS.map((kind) => [kind, floodLimit(kind)])) as Record<
      FloodKind,
      ReturnType<typeof floodLimit>
    >,
  )
  .prefault({})
  .describe(
    'The most that a client may send of each on one connection at once; what was spent comes back within ten seconds. ' +
      'A connection on which there is more ends with GOAWAY and `ENHANCE_YOUR_CALM`.',
  );

export const http2 = z
  .strictObject({
    streams: z
      .int()
      .min(1)
      .max(10_000)
      .default(128)
      .describe('Requests that a client may have open on one connection; further streams are refused.'),
    streamWindow: z
      .int()
      .min(DEFAULT_WINDOW)
      .max(LARGEST_WINDOW)
      .default(262_144)
      .describe('Bytes of a request body that may arrive before the backend has taken them; the memory of one upload.'),
    connectionWindow: z
      .int()
      .min(DEFAULT_WINDOW)
      .max(LARGEST_WINDOW)
      .default(1_048_576)
      .describe('Bytes of all request bodies of a connection that may be on their way.'),
    continuations: z
      .int()
      .min(0)
      .max(1_000)
      .default(16)
      .describe('CONTINUATION frames that a header block may have (CVE-2024-27316).'),
    floods,
  })
  .prefault({})
  .describe('HTTP/2 with clients.');
