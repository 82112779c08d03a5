/** config/with-host.ts: completes an address that is typed without its host. */

/** @returns the address; `8080` and `:8080` mean that port on `host` */
export function withHost(typed: string, host: string): string {
  return /^:?\d+$/.test(typed) ? `${host}:${typed.replace(':', '')}` : typed;
}
