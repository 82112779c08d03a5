/**
 * test/fuzz/expected-fields.ts: the forwarding rules stated a second time, plainly and slowly, over names and values
 * instead of offsets (RFC 9110 section 7.6; DESIGN: HTTP rules the data plane keeps).
 */
import type { Input } from './message.js';
import { additions, clientSide, FALLBACK_HOST, madeRequestId, type OwnMessage } from './own.js';

type Field = readonly [name: string, value: string];

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'http2-settings']);
/** Connection cannot name these away: they have rules of their own. */
const NOT_NOMINATED = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'trailer',
  'expect',
  'upgrade',
  'forwarded',
  'x-request-id',
  'max-forwards',
]);
const X_FORWARDED = /^x[-_](?:forwarded[-_]|(?:real[-_](?:ip|port)|(?:cluster[-_])?client[-_]ip|scheme)$)/;

/** @returns name, value, name, value of `message` as it should be sent on */
export function expectedFields(input: Input, message: OwnMessage): string[] {
  const fields = pairs(message.fields);
  return (input.kind === 'request' ? ofRequest(input, message, fields) : ofResponse(input, message, fields)).flat();
}

function ofRequest(input: Input, message: OwnMessage, all: readonly Field[]): Field[] {
  const { trusted } = clientSide(input);
  const isAbsolute = !/ [/*]/.test(message.start);
  const kept = endToEnd(all).filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'upgrade') return message.upgrade;
    if (lower === 'expect') return message.minorVersion === 1;
    if (lower === 'x-request-id') return requestId(all) !== '';
    if (lower === 'x-forwarded-for') return false;
    return trusted || !(lower === 'forwarded' || X_FORWARDED.test(lower));
  });
  const hops = message.start.match(/^(OPTIONS|TRACE) /) === null ? 0 : hopsLeft(all);
  const fields = kept.map(([name, value]): Field => {
    const lower = name.toLowerCase();
    if (lower === 'transfer-encoding') return ['Transfer-Encoding', 'chunked'];
    if (lower === 'content-length') return ['Content-Length', `${Number(value)}`];
    if (isAbsolute && lower === 'host') return [name, message.host];
    return [name, hops > 0 && lower === 'max-forwards' ? `${hops - 1}` : value];
  });
  if (valuesOf(all, 'host').length === 0) fields.unshift(['Host', message.host || FALLBACK_HOST]);
  return [...fields, ...forwarding(input, message, all), ...connection(message, all), ...optional(input, message, all)];
}

/** The first that can be passed on: an empty ID, or one of more than 128 characters, is no better than none. */
function requestId(all: readonly Field[]): string {
  return valuesOf(all, 'x-request-id').find((value) => value !== '' && value.length <= 128) ?? '';
}

function hopsLeft(all: readonly Field[]): number {
  const value = valuesOf(all, 'max-forwards').at(-1) ?? '';
  return /^[0-9]{1,9}$/.test(value) ? Number(value) : 0;
}

function optional(input: Input, message: OwnMessage, all: readonly Field[]): Field[] {
  const { forwarded, via } = additions(input);
  const made = madeRequestId(input);
  const { address, proto } = clientSide(input);
  const host = message.host === '' ? '' : `;host="${message.host}"`;
  const added: Field[] = forwarded ? [['Forwarded', `for=${address};proto=${proto}${host}`]] : [];
  if (via !== '') added.push(['Via', `1.${message.minorVersion} ${via}`]);
  if (made !== undefined && requestId(all) === '') added.push(['X-Request-Id', made]);
  return added;
}

function forwarding(input: Input, message: OwnMessage, all: readonly Field[]): Field[] {
  const { address, proto, trusted } = clientSide(input);
  const said = (name: string): string[] => (trusted ? valuesOf(all, name) : []);
  const chain = [...said('x-forwarded-for').filter((value) => value !== ''), address];
  const added: Field[] = [['X-Forwarded-For', chain.join(', ')]];
  if (said('x-forwarded-proto').length === 0) added.push(['X-Forwarded-Proto', proto]);
  if (said('x-forwarded-host').length === 0 && message.host !== '') added.push(['X-Forwarded-Host', message.host]);
  return added;
}

function connection(message: OwnMessage, all: readonly Field[]): Field[] {
  const trailers = message.minorVersion === 1 && elementsOf(all, 'te').includes('trailers');
  const options = [...(message.upgrade ? ['Upgrade'] : []), ...(trailers ? ['TE'] : [])];
  const added: Field[] = options.length === 0 ? [] : [['Connection', options.join(', ')]];
  return trailers ? [...added, ['TE', 'trailers']] : added;
}

function ofResponse({ toMinor = 1 }: Input, message: OwnMessage, all: readonly Field[]): Field[] {
  const status = Number(message.start.slice(0, 3));
  const demands = status === 426 && toMinor === 1 && elementsOf(all, 'connection').includes('upgrade');
  let lengths = 0;
  const kept = endToEnd(all).filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'upgrade') return message.upgrade || demands;
    if (lower === 'content-length') return ++lengths === 1 && status >= 200 && status !== 204;
    if (lower === 'transfer-encoding' && status === 204) return false;
    return toMinor === 1 || (lower !== 'transfer-encoding' && lower !== 'trailer');
  });
  if (message.upgrade) return [...kept, ['Connection', 'upgrade']];
  if (message.interim) return kept;
  if (demands) return [...kept, ['Connection', message.keepsClient ? 'upgrade' : 'close, upgrade']];
  if (!message.keepsClient) return [...kept, ['Connection', 'close']];
  return toMinor === 0 ? [...kept, ['Connection', 'keep-alive']] : kept;
}

function endToEnd(all: readonly Field[]): Field[] {
  const options = new Set(elementsOf(all, 'connection'));
  return all.filter(([name]) => {
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower)) return false;
    return !options.has(lower) || NOT_NOMINATED.has(lower) || X_FORWARDED.test(lower);
  });
}

function valuesOf(all: readonly Field[], name: string): string[] {
  return all.filter((field) => field[0].toLowerCase() === name).map(([, value]) => value);
}

function elementsOf(all: readonly Field[], name: string): string[] {
  const elements = valuesOf(all, name).flatMap((value) => value.split(','));
  return elements.map((element) => element.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase()).filter((each) => each !== '');
}

function pairs(flat: readonly string[]): Field[] {
  const list: Field[] = [];
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i] ?? '', flat[i + 1] ?? '']);
  return list;
}
