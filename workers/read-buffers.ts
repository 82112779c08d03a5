/**
 * workers/read-buffers.ts: the memory that sockets read into. All of a worker's sockets share one buffer, because a
 * read is handled before the next one starts; what must outlive the read is copied. A connection that moves a large
 * body borrows a buffer of its own and writes straight from it, without a copy. Lending is bounded.
 */

const SHARED_BYTES = 64 * 1024;
const LOAN_BYTES = 256 * 1024;
/** At most 16 MiB a worker; a connection that finds none left copies instead. */
const MAX_LOANS = 64;

/** A borrowed buffer. It goes back only when no pending write refers to it. */
export class Loan {
  readonly bytes = Buffer.allocUnsafeSlow(LOAN_BYTES);
  private pending = 0;
  private returned = false;
  private readonly home: ReadBuffers;

  constructor(home: ReadBuffers) {
    this.home = home;
  }

  /** A write that refers to this buffer begins; call {@link written} when the kernel has taken it. */
  writing(): void {
    this.pending += 1;
  }

  /** The callback for that write. It also comes, with an error, when the socket was destroyed. */
  readonly written = (): void => {
    this.pending -= 1;
    if (this.returned && this.pending === 0) this.home.shelve(this);
  };

  /** The borrower is done; the same loan may be lent out again after its last write. */
  giveBack(): void {
    this.returned = true;
    if (this.pending === 0) this.home.shelve(this);
  }

  /**
   * The borrower is done, but its socket may still read into this buffer once: the memory is left to the garbage
   * collector and never lent again.
   */
  abandon(): void {
    this.returned = false;
    this.home.forget();
  }

  /** For {@link ReadBuffers} alone. */
  lend(): this {
    this.returned = false;
    return this;
  }
}

export class ReadBuffers {
  /** What a socket reads into unless it has a loan. */
  readonly shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
  private readonly shelf: Loan[] = [];
  private lent = 0;

  /** @returns a buffer of the caller's own, or `undefined` when all are lent out */
  borrow(): Loan | undefined {
    if (this.lent >= MAX_LOANS) return undefined;
    this.lent += 1;
    return (this.shelf.pop() ?? new Loan(this)).lend();
  }

  /** Buffers out on loan; zero when nothing is in flight. */
  get outstanding(): number {
    return this.lent;
  }

  /** For {@link Loan} alone: takes a buffer back that nothing refers to. */
  shelve(loan: Loan): void {
    this.lent -= 1;
    this.shelf.push(loan);
  }

  /** For {@link Loan} alone: a buffer will not come back. */
  forget(): void {
    this.lent -= 1;
  }
}
