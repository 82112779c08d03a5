/** test/chaos/wire.ts: requests as bytes. */
import { type RequestPlan, requestBody } from './plan.js';

/** The head alone, with `fields` behind those that every request has. */
export function head({ id, method, minorVersion }: RequestPlan, ...fields: readonly string[]): string {
  const keep = minorVersion === 0 ? ['Connection: keep-alive'] : [];
  return [
    `${method} /${id} HTTP/1.${minorVersion}`,
    'Host: chaos.test',
    `X-Id: ${id}`,
    ...keep,
    ...fields,
    '',
    '',
  ].join('\r\n');
}

/** The request as it should be. */
export function wire(plan: RequestPlan): string {
  if (plan.method === 'GET' || plan.method === 'HEAD') return head(plan);
  const body = requestBody(plan);
  if (!plan.chunked) return head(plan, `Content-Length: ${body.length}`) + body;
  const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
  return `${head(plan, 'Transfer-Encoding: chunked')}${chunk}0\r\n\r\n`;
}
