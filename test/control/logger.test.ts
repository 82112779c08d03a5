import { Writable } from 'node:stream';
import { expect } from 'chai';
import { createLogger, type LogStream } from '../../src/control/logger.js';

function capture(isTTY: boolean): { stream: LogStream; lines: string[] } {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), lines };
}

describe('The log', () => {
  it('is JSON, one object per line, when nobody watches', () => {
    const { stream, lines } = capture(false);
    createLogger('info', stream).warn('backend is down', { backend: '10.0.0.1:80', reason: 'HTTP 503' });
    const { time, ...entry } = JSON.parse(lines[0] ?? '');
    expect(entry).to.deep.equal({
      level: 'warn',
      message: 'backend is down',
      backend: '10.0.0.1:80',
      reason: 'HTTP 503',
    });
    expect(new Date(time).toISOString()).to.equal(time);
  });

  it('is readable lines on a terminal, where no value can pass for another field or line', () => {
    const { stream, lines } = capture(true);
    createLogger('info', stream).info('backend is up', { backend: '10.0.0.1:80', reason: 'a=b\nforged line' });
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]?.slice(13).trimEnd()).to.equal(
      'info  backend is up backend=10.0.0.1:80 reason="a=b\\nforged line"',
    );
  });

  it('says nothing below its level', () => {
    const { stream, lines } = capture(false);
    createLogger('warn', stream).info('quiet');
    expect(lines).to.have.lengthOf(0);
  });

  it('survives a reader that went away', () => {
    const { stream } = capture(false);
    const logger = createLogger('info', stream);
    stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(() => logger.info('still here')).not.to.throw();
  });
});
