/** commands/admin/certificates.ts: what `certificates` and `certificates reload` do. */
import * as z from 'zod';
import { type Column, table } from '../table.js';
import { clientFor, display, type Options, print } from './asking.js';

const certificateAnswer = z.looseObject({
  names: z.array(z.string()),
  issuer: z.string(),
  daysLeft: z.number(),
  source: z.string(),
  servingSince: z.string(),
  problem: z.string().nullable(),
  nextRenewal: z.string().nullable(),
});
type CertificateAnswer = z.infer<typeof certificateAnswer>;

const COLUMNS: readonly Column[] = [
  { heading: 'NAMES' },
  { heading: 'ISSUER', spare: 2 },
  { heading: 'DAYS LEFT', align: 'right' },
  { heading: 'SOURCE', spare: 3 },
  { heading: 'SERVING SINCE', spare: 5 },
  { heading: 'NEXT RENEWAL', spare: 4 },
];
/** The source of certificates that come by ACME. */
const ACME = 'acme';
/** Names that are listed; further ones are counted. */
const MOST_NAMES = 3;

/** Prints the certificates that are shown to clients; with `reload`, their files are read again before. */
export async function certificates(reload: boolean, options: Options): Promise<void> {
  const client = await clientFor(options);
  const request = reload
    ? { method: 'POST' as const, path: '/api/certificates/reload', body: {} }
    : { path: '/api/certificates' };
  const { value } = await client.ask(z.array(certificateAnswer), request);
  print(options, value, linesOf(value));
}

function linesOf(all: readonly CertificateAnswer[]): readonly string[] {
  if (all.length === 0) return ['No listener speaks TLS'];
  const problems = [...new Set(all.flatMap(problemOf))];
  // Only where some certificate is renewed by itself.
  const columns = all.some(({ source }) => source === ACME) ? COLUMNS : COLUMNS.slice(0, -1);
  return [
    ...table(
      columns,
      all.map((each) => cells(each).slice(0, columns.length)),
      display(),
    ),
    ...(problems.length === 0 ? [] : ['', ...problems]),
  ];
}

function problemOf({ names, source, problem }: CertificateAnswer): readonly string[] {
  if (problem === null) return [];
  return [source === ACME ? `No new certificate for ${names[0] ?? '?'}: ${problem}` : `Not in use: ${problem}`];
}

function cells({ names, issuer, daysLeft, source, servingSince, nextRenewal }: CertificateAnswer): readonly string[] {
  const more = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return [shown, issuer, daysLeft < 0 ? 'expired' : String(daysLeft), source, servingSince, nextRenewal ?? ''];
}
