/** test/http2/frames.ts: a handler that writes down every frame, and frames to be read. */
import type { Http2Fault } from '../../src/http2/error-code.js';
import type { FrameHandler, HeaderBlock } from '../../src/http2/frame-reader.js';

/** Makes a frame of any bytes. @param payload latin1 */
export function frame(type: number, flags: number, streamId: number, payload: string | Buffer = ''): Buffer {
  const content = Buffer.from(payload as string, 'latin1');
  const header = Buffer.alloc(9);
  header.writeUIntBE(content.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, content]);
}

/** Writes down what a reader says, a line each; the pieces of a DATA frame are put together. */
export class FrameRecorder implements FrameHandler {
  readonly lines: string[] = [];
  fault: Http2Fault | undefined;
  private content = '';

  onData(streamId: number, length: number, endsStream: boolean): void {
    this.lines.push(`data ${streamId} ${length}${endsStream ? ' end' : ''}`);
    this.content = '';
  }

  onDataBytes(_streamId: number, bytes: Buffer, from: number, to: number): void {
    this.content += bytes.toString('latin1', from, to);
  }

  onDataEnd(streamId: number, endsStream: boolean): void {
    this.lines.push(`content ${streamId} ${this.content}${endsStream ? ' end' : ''}`);
  }

  onHeaders({ streamId, endsStream, dependsOnItself }: HeaderBlock, bytes: Buffer, from: number, to: number): void {
    const marks = `${endsStream ? ' end' : ''}${dependsOnItself ? ' on itself' : ''}`;
    this.lines.push(`headers ${streamId} ${bytes.toString('latin1', from, to)}${marks}`);
  }

  onPriority(streamId: number, dependsOnItself: boolean): void {
    this.lines.push(`priority ${streamId}${dependsOnItself ? ' on itself' : ''}`);
  }

  onReset(streamId: number, code: number): void {
    this.lines.push(`reset ${streamId} ${code}`);
  }

  onSettings(bytes: Buffer, from: number, to: number): void {
    this.lines.push(`settings ${bytes.toString('hex', from, to)}`);
  }

  onSettingsAck(): void {
    this.lines.push('settings ack');
  }

  onPing(bytes: Buffer, from: number, isAck: boolean): void {
    this.lines.push(`ping ${bytes.toString('latin1', from, from + 8)}${isAck ? ' ack' : ''}`);
  }

  onGoaway(lastStreamId: number, code: number): void {
    this.lines.push(`goaway ${lastStreamId} ${code}`);
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.lines.push(`window ${streamId} ${increment}`);
  }

  onPriorityUpdate(streamId: number, bytes: Buffer, from: number, to: number): void {
    this.lines.push(`priority update ${streamId} ${bytes.toString('latin1', from, to)}`);
  }

  onUnknown(type: number): void {
    this.lines.push(`unknown ${type}`);
  }

  onFault(fault: Http2Fault): void {
    this.fault = fault;
    this.lines.push(`fault ${fault.code} ${fault.detail}`);
  }
}
