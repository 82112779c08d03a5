/**
 * workers/http/h2/link.ts: an HTTP/2 connection as far as both sides of it are alike (RFC 9113): settings, pings, windows
 * and the frames of streams. Which streams there are and what they mean is for its {@link LinkRole} to say; what is sent
 * goes through `sender.ts`.
 *
 * It has many short methods because half of them are those of {@link FrameHandler}, one for each type of frame.
 */
import { connectionFault, ERROR_CODE, type ErrorCode, type Http2Fault } from '../../../src/http2/error-code.js';
import { FloodGuard, type FloodKind, type FloodLimits } from '../../../src/http2/flood-guard.js';
import { DEFAULT_WINDOW, LARGEST_WINDOW } from '../../../src/http2/frame.js';
import { type FrameHandler, type FrameLimits, FrameReader, type HeaderBlock } from '../../../src/http2/frame-reader.js';
import type { SettingPair } from '../../../src/http2/frame-writer.js';
import { type FieldTaker, HpackDecoder } from '../../../src/http2/hpack-decoder.js';
import { defaultSettings, readSettings } from '../../../src/http2/settings.js';
import { ReceiveWindow } from '../../../src/http2/window.js';
import type { Transport } from '../../transport.js';
import { urgencyIn } from './send-queue.js';
import { Http2Sender, type SenderOwner } from './sender.js';
import type { StreamChannel } from './stream-channel.js';

/** A stream as its connection knows it. */
export interface LinkStream {
  readonly channel: StreamChannel;
  /** The peer has ended its direction. */
  peerEnded: boolean;
  /** Both directions have ended, in order or by a reset that is told before. */
  onOver(): void;
  /**
   * The stream was reset, by the peer or for what it did, or its connection is gone.
   * @param code of RST_STREAM @param flaw the rule that the peer broke, in words; '' if it broke none
   */
  onReset(code: number, flaw: string): void;
}

/** The side of the connection that this process has: server to a client, or client to a backend. */
export interface LinkRole {
  /** Whether the peer is a server. */
  readonly peerIsServer: boolean;
  /** The milliseconds of the worker's coarse clock. */
  readonly nowMs: number;
  /** A header block has come. The role has it decoded, whatever it thinks of it. */
  onHeaders(block: HeaderBlock, bytes: Buffer, from: number, to: number): void;
  /** Whether a stream that is not among the open ones has never been opened. */
  isIdle(streamId: number): boolean;
  onPeerSettings(): void;
  onPong(): void;
  onGoaway(lastStreamId: number, code: number): void;
  /** A stream has ended, both its directions. */
  onStreamOver(stream: LinkStream): void;
  /** The peer broke a rule that ends the connection, which closes once this was told. @param flood what there was too much of */
  onBroken(fault: Http2Fault, flood: FloodKind | undefined): void;
}

export interface LinkLimits {
  readonly frames: FrameLimits;
  readonly floods: FloodLimits;
}

/** Streams that were reset here, whose late frames are ignored. */
const REMEMBERED_RESETS = 256;
/** SETTINGS_HEADER_TABLE_SIZE of this side, which is never changed. */
const TABLE_BYTES = 4_096;

export class Http2Link implements FrameHandler, SenderOwner {
  readonly transport: Transport;
  readonly streams = new Map<number, LinkStream>();
  readonly peer = defaultSettings();
  readonly sender: Http2Sender;
  /** The connection is at its end: nothing more is read or sent. */
  isClosed = false;
  private readonly role: LinkRole;
  private readonly decoder = new HpackDecoder(TABLE_BYTES);
  private readonly reader: FrameReader;
  private readonly floods: FloodGuard;
  private readonly receiveWindow: ReceiveWindow;
  private readonly resetHere: number[] = [];
  /** Bytes of the current DATA frame that are not content that was handed over: at its end, the padding. */
  private unreadData = 0;
  /** The connection has read the SETTINGS that must come first. */
  private hasSettings = false;

  constructor(transport: Transport, role: LinkRole, limits: LinkLimits) {
    this.transport = transport;
    this.role = role;
    this.reader = new FrameReader(this, limits.frames);
    this.floods = new FloodGuard(limits.floods);
    this.sender = new Http2Sender(transport, this);
    this.receiveWindow = new ReceiveWindow(DEFAULT_WINDOW);
  }

  /** Sends this side's settings, and opens the window of the connection to `windowBytes`. */
  begin(settings: readonly SettingPair[], windowBytes: number): void {
    this.sender.writer.settings(settings);
    const more = this.receiveWindow.widen(windowBytes);
    if (more > 0) this.sender.grantWindow(0, more);
    else this.sender.flushSoon();
  }

  /** Reads `bytes[from, to)`. */
  read(bytes: Buffer, from: number, to: number): void {
    this.reader.read(bytes, from, to);
  }

  /** Decodes a header block, which must be done for each that comes. @returns `false` if the connection has ended over it */
  decode(bytes: Buffer, from: number, to: number, taker: FieldTaker): boolean {
    const flaw = this.decoder.decode(bytes, from, to, taker);
    if (flaw === undefined) return true;
    this.onFault(connectionFault(ERROR_CODE.compressionError, flaw));
    return false;
  }

  onSentEnd(channel: StreamChannel): void {
    channel.ended();
    const stream = this.streams.get(channel.id);
    if (stream?.peerEnded === true) this.over(stream);
  }

  /** Resets a stream and forgets it. */
  reset(stream: LinkStream, code: ErrorCode): void {
    this.resetId(stream.channel.id, code);
    this.over(stream);
  }

  /** Resets a stream that may not be among the open ones. */
  resetId(streamId: number, code: ErrorCode): void {
    this.sender.reset(streamId, code);
    if (this.resetHere.push(streamId) > REMEMBERED_RESETS) this.resetHere.shift();
  }

  /** Whether the stream was reset here a moment ago, so that frames of it may still be on their way. */
  wasResetHere(streamId: number): boolean {
    return this.resetHere.includes(streamId);
  }

  /**
   * Resets a stream for what the peer did, which it may do only so often.
   * @param flaw the rule that it broke, in words for a log
   */
  punish(streamId: number, code: ErrorCode, flaw = 'a frame that the stream does not take'): void {
    if (!this.allows('provokedResets')) return;
    const stream = this.streams.get(streamId);
    if (stream === undefined) return this.resetId(streamId, code);
    this.reset(stream, code);
    stream.onReset(code, flaw);
  }

  /** Nothing more is read or sent; every stream is told. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.reader.close();
    for (const stream of [...this.streams.values()]) {
      this.forget(stream);
      stream.onReset(ERROR_CODE.cancel, '');
    }
  }

  onData(streamId: number, length: number, endsStream: boolean): void {
    if (!this.isReady('DATA')) return;
    if (!this.receiveWindow.receive(length)) return this.breakOff(ERROR_CODE.flowControlError, 'DATA past the window');
    if (length === 0 && !endsStream && !this.allows('emptyFrames')) return;
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.peerEnded) {
      this.releaseWindow(length);
      return this.onLateFrame(streamId, stream);
    }
    if (!stream.channel.receiveWindow.receive(length)) {
      return this.punish(streamId, ERROR_CODE.flowControlError, 'DATA past the window of its stream');
    }
    this.unreadData = length;
    this.releaseWindow(length);
  }

  onDataBytes(streamId: number, bytes: Buffer, from: number, to: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.peerEnded) return;
    this.unreadData -= to - from;
    stream.channel.receive(bytes, from, to);
  }

  onDataEnd(streamId: number, endsStream: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.peerEnded) return;
    if (endsStream) this.endPeer(stream);
    else if (this.unreadData > 0) stream.channel.release(this.unreadData);
  }

  /** The peer's direction of a stream is over. */
  endPeer(stream: LinkStream): void {
    stream.peerEnded = true;
    stream.channel.receiveEnd();
    if (stream.channel.ending && !stream.channel.hasBytes) this.over(stream);
  }

  onHeaders(block: HeaderBlock, bytes: Buffer, from: number, to: number): void {
    if (this.isReady('HEADERS')) this.role.onHeaders(block, bytes, from, to);
  }

  onPriority(streamId: number, dependsOnItself: boolean): void {
    if (!this.isReady('PRIORITY') || !this.allows('priorities')) return;
    if (dependsOnItself) this.punish(streamId, ERROR_CODE.protocolError, 'a stream that depends on itself');
  }

  onReset(streamId: number, code: number): void {
    if (!this.isReady('RST_STREAM')) return;
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      if (this.role.isIdle(streamId)) this.breakOff(ERROR_CODE.protocolError, 'RST_STREAM on an idle stream');
      return;
    }
    if (!this.allows('resets')) return;
    this.over(stream);
    stream.onReset(code, '');
  }

  onSettings(bytes: Buffer, from: number, to: number): void {
    this.hasSettings = true;
    if (!this.allows('settings')) return;
    const before = this.peer.initialWindowSize;
    const fault = readSettings(bytes, from, to, this.peer, this.role.peerIsServer);
    if (fault !== undefined) return this.onFault(fault);
    this.sender.encoder.setLimit(this.peer.headerTableSize);
    if (!this.widenAll(this.peer.initialWindowSize - before)) {
      return this.breakOff(ERROR_CODE.flowControlError, 'a window over 2^31-1 by SETTINGS');
    }
    this.sender.writer.settingsAck();
    this.sender.flushSoon();
    this.role.onPeerSettings();
  }

  // Nothing in the settings of this side is of a kind that would have to wait for it.
  onSettingsAck(): void {
    this.isReady('SETTINGS');
  }

  onPing(bytes: Buffer, from: number, isAck: boolean): void {
    if (!this.isReady('PING')) return;
    if (isAck) return this.role.onPong();
    if (!this.allows('pings')) return;
    this.sender.writer.ping(bytes, from, true);
    this.sender.flushSoon();
  }

  onGoaway(lastStreamId: number, code: number): void {
    if (this.isReady('GOAWAY')) this.role.onGoaway(lastStreamId, code);
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (!this.isReady('WINDOW_UPDATE') || !this.allows('windowUpdates')) return;
    if (streamId === 0) return this.widenConnection(increment);
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      if (this.role.isIdle(streamId)) this.breakOff(ERROR_CODE.protocolError, 'WINDOW_UPDATE on an idle stream');
      return;
    }
    if (increment === 0) return this.punish(streamId, ERROR_CODE.protocolError, 'WINDOW_UPDATE of 0');
    const { channel } = stream;
    if (!channel.sendWindow.grow(increment)) {
      return this.punish(streamId, ERROR_CODE.flowControlError, 'a window over 2^31-1');
    }
    if (channel.hasBytes) this.sender.wantsToSend(channel);
  }

  onPriorityUpdate(streamId: number, bytes: Buffer, from: number, to: number): void {
    if (!this.isReady('PRIORITY_UPDATE') || !this.allows('priorities')) return;
    if (this.streams.has(streamId))
      this.sender.queue.setUrgency(streamId, urgencyIn(bytes.toString('latin1', from, to)));
  }

  onUnknown(): void {
    if (this.isReady('a frame')) this.allows('unknownFrames');
  }

  onFault(fault: Http2Fault): void {
    this.end(fault, undefined);
  }

  onCancel(streamId: number): void {
    const stream = this.streams.get(streamId);
    if (stream !== undefined) this.reset(stream, ERROR_CODE.cancel);
  }

  /** The connection's window is widened by the bytes of DATA that were read: what waits is bounded by the streams' windows. */
  private releaseWindow(length: number): void {
    const more = this.receiveWindow.release(length);
    if (more > 0) this.sender.grantWindow(0, more);
  }

  private widenConnection(increment: number): void {
    if (increment === 0) return this.breakOff(ERROR_CODE.protocolError, 'WINDOW_UPDATE of 0');
    if (!this.sender.window.grow(increment)) return this.breakOff(ERROR_CODE.flowControlError, 'a window over 2^31-1');
    if (!this.sender.queue.isEmpty) this.sender.flushSoon();
  }

  /** Changes the windows of all streams, as SETTINGS_INITIAL_WINDOW_SIZE does. @returns `false` if one gets too large */
  private widenAll(by: number): boolean {
    for (const { channel } of this.streams.values()) {
      if (!channel.sendWindow.grow(by)) return false;
      if (channel.hasBytes && channel.sendWindow.available > 0) this.sender.wantsToSend(channel);
    }
    return this.peer.initialWindowSize <= LARGEST_WINDOW;
  }

  /** A frame has come for a stream that takes none. */
  private onLateFrame(streamId: number, stream: LinkStream | undefined): void {
    if (stream !== undefined) return this.punish(streamId, ERROR_CODE.streamClosed);
    if (this.role.isIdle(streamId)) return this.breakOff(ERROR_CODE.protocolError, 'DATA on an idle stream');
    if (!this.wasResetHere(streamId)) this.punish(streamId, ERROR_CODE.streamClosed);
  }

  /** Both directions of a stream are over. */
  private over(stream: LinkStream): void {
    this.forget(stream);
    this.role.onStreamOver(stream);
  }

  private forget(stream: LinkStream): void {
    const { channel } = stream;
    this.streams.delete(channel.id);
    this.sender.queue.forget(channel);
    channel.discard();
  }

  /** Whether the peer's SETTINGS have come, which must be first (RFC 9113 section 3.4). */
  private isReady(frame: string): boolean {
    if (!this.hasSettings) this.breakOff(ERROR_CODE.protocolError, `${frame} before SETTINGS`);
    return this.hasSettings && !this.isClosed;
  }

  /** Counts what there may be too much of, and ends the connection in that case. */
  private allows(kind: FloodKind): boolean {
    if (this.floods.allows(kind, this.role.nowMs)) return true;
    this.end(connectionFault(ERROR_CODE.enhanceYourCalm, `too many ${kind}`), kind);
    return false;
  }

  /** Ends the connection for what the peer did. */
  breakOff(code: ErrorCode, detail: string): void {
    this.end(connectionFault(code, detail), undefined);
  }

  private end(fault: Http2Fault, flood: FloodKind | undefined): void {
    if (this.isClosed) return;
    this.role.onBroken(fault, flood);
    this.close();
    this.sender.close();
    this.transport.close('drain');
  }
}
