/** control/admin/request-error.ts: a request to the admin interface that is answered with an error. */

/** A request that is refused, with nothing changed. The message is one sentence for the client. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: 400 | 412 | 415;

  constructor(status: RequestError['status'], message: string) {
    super(message);
    this.status = status;
  }
}
