/** Asks the admin interface as a script would, with every header under the test's control. */
import { once } from 'node:events';
import http from 'node:http';

export interface AdminAnswer {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  // The tests say what they expect of it.
  readonly json: unknown;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is text, which is sent as it is. */
  readonly body?: unknown;
}

/** Declares a body to be JSON unless the headers say otherwise. */
export async function askAdmin(address: string, path: string, asking: Asking = {}): Promise<AdminAnswer> {
  const { method = 'GET', headers = {}, body } = asking;
  const [hostname, port] = address.split(':');
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const request = http.request({ hostname, port, path, method, agent: false, headers: { ...type, ...headers } });
  // An answer may come before the whole body is sent.
  request.on('error', () => {});
  request.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
