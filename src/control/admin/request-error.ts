/** control/admin/request-error.ts: a request to the admin interface that is answered with an error. */

/** Nothing was changed. The message is one plain sentence for whoever asked. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: 400 | 412 | 415;

  constructor(status: RequestError['status'], message: string) {
    super(message);
    this.status = status;
  }
}
