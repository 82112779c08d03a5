/**
 * dashboard/net/session.ts: sends requests to the API, with the token if there is one. The token is stored for this tab
 * until it is closed, and sent in the Authorization field only.
 */
import { isRecord } from '../model/wire.js';

const STORED_AS = 'roundhouse-token';

/** A response of the API. Status 0: the balancer could not be reached. */
export type ApiResponse =
  | { readonly ok: true; readonly etag: string | null; readonly body: unknown }
  | { readonly ok: false; readonly status: number; readonly error: string };

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
}

export class Session {
  get hasToken(): boolean {
    return sessionStorage.getItem(STORED_AS) !== null;
  }

  open(token: string): void {
    sessionStorage.setItem(STORED_AS, token);
  }

  close(): void {
    sessionStorage.removeItem(STORED_AS);
  }

  /** Sends a request. Never throws: that the balancer cannot be reached is a result as well. */
  async ask(path: string, { method = 'GET', body, ifMatch }: ApiRequest = {}): Promise<ApiResponse> {
    const headers = this.headers();
    if (body !== undefined) headers.set('content-type', 'application/json');
    if (ifMatch !== undefined) headers.set('if-match', ifMatch);
    const sent = body === undefined ? null : JSON.stringify(body);
    try {
      const response = await fetch(path, { method, headers, body: sent, cache: 'no-store' });
      const json: unknown = await response.json();
      if (response.ok) return { ok: true, etag: response.headers.get('etag'), body: json };
      return { ok: false, status: response.status, error: errorOf(json, response.status) };
    } catch {
      return { ok: false, status: 0, error: 'The balancer cannot be reached; the change may not have been made' };
    }
  }

  headers(): Headers {
    const headers = new Headers();
    const token = sessionStorage.getItem(STORED_AS);
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    return headers;
  }
}

function errorOf(json: unknown, status: number): string {
  return isRecord(json) && typeof json['error'] === 'string' ? json['error'] : `The balancer answered ${status}`;
}
