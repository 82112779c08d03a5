/**
 * test/workers/read-buffers.test.ts: read buffers that are lent: each comes back, and none while the kernel still uses
 * it.
 */
import { expect } from 'chai';
import { type Loan, ReadBuffers } from '../../workers/read-buffers.js';

describe('Read buffers', () => {
  it('lend the same memory again once it is back', () => {
    const buffers = new ReadBuffers();
    const loan = buffers.borrow();
    expect(buffers.outstanding).to.equal(1);
    loan?.giveBack();
    expect(buffers.outstanding).to.equal(0);
    expect(buffers.borrow()?.bytes).to.equal(loan?.bytes);
  });

  it('never lend the same memory twice at a time', () => {
    const buffers = new ReadBuffers();
    const [a, b] = [buffers.borrow(), buffers.borrow()];
    expect(a?.bytes).to.not.equal(b?.bytes);
    expect(a?.bytes).to.not.equal(buffers.shared);
  });

  it('take memory back only when no write refers to it any more', () => {
    const buffers = new ReadBuffers();
    const loan = buffers.borrow();
    loan?.writing();
    loan?.writing();
    loan?.giveBack();
    loan?.written();
    expect(buffers.outstanding).to.equal(1);
    expect(buffers.borrow()?.bytes).to.not.equal(loan?.bytes);
    loan?.written();
    expect(buffers.outstanding).to.equal(1);
    expect(buffers.borrow()?.bytes).to.equal(loan?.bytes);
  });

  it('are not given back early by writes that end while the loan goes on', () => {
    const buffers = new ReadBuffers();
    const loan = buffers.borrow();
    loan?.giveBack();
    const again = buffers.borrow();
    again?.writing();
    again?.written();
    expect(buffers.outstanding).to.equal(1);
  });

  it('never lend abandoned memory again: its socket may still read into it once', () => {
    const buffers = new ReadBuffers();
    const loan = buffers.borrow();
    loan?.writing();
    loan?.abandon();
    loan?.written();
    expect(buffers.outstanding).to.equal(0);
    expect(buffers.borrow()?.bytes).to.not.equal(loan?.bytes);
  });

  it('have an end, and go on once something is back', () => {
    const buffers = new ReadBuffers();
    const loans: Loan[] = [];
    for (let loan = buffers.borrow(); loan !== undefined; loan = buffers.borrow()) loans.push(loan);
    expect(loans.length * (loans[0]?.bytes.length ?? 0)).to.equal(16 * 1024 * 1024);
    loans[0]?.giveBack();
    expect(buffers.borrow()).to.equal(loans[0]);
  });
});
