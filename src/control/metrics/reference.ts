/** control/metrics/reference.ts: docs/metrics.md, made from the metrics themselves so that it is never behind. */
import { SHOWN_SECONDS } from './exposition.js';
import {
  ACME_FAMILIES,
  BACKEND_FAMILIES,
  BALANCER_FAMILIES,
  CERTIFICATE_FAMILIES,
  MAINTENANCE_FAMILIES,
  POOL_FAMILIES,
  WORKER_FAMILIES,
} from './families.js';
import { type By, type Family, ownLabels } from './family.js';

const INTRODUCTION = `# Metrics

<!-- Made by "roundhouse schema --metrics"; change the descriptions in src/control/metrics/families.ts. -->

\`GET /metrics\` on the admin address answers in the Prometheus text format 0.0.4, or in OpenMetrics 1.0 to a scraper that
asks for it. One scrape shows the whole host: every worker tells the primary once a second what it has counted, so a
figure is a second old at most.

\`\`\`yaml
scrape_configs:
  - job_name: roundhouse
    static_configs: [{ targets: ['127.0.0.1:9901'] }]
    # Where the admin interface wants its token:
    # authorization: { credentials_file: /etc/prometheus/roundhouse.token }
\`\`\`

[grafana.json](grafana.json) is a dashboard of these metrics, to be imported as it is; [alerts.yaml](alerts.yaml) has
rules for Prometheus.

Counters never go back: what a worker has counted stays counted when it dies, and what a backend has, as long as it is in
its pool. \`pool\` is the name in the configuration, \`backend\` the address as it is configured, \`worker\` a number from 1 up
that a replacement takes over. No label holds anything that a client chooses. In OpenMetrics the name of a counter's
family has no \`_total\`, as the format wants it.
`;

const SECTIONS = [
  { title: 'Of the whole balancer', labels: [], families: BALANCER_FAMILIES },
  { title: 'Of what is in maintenance', labels: ['what', 'name'], families: MAINTENANCE_FAMILIES },
  { title: 'Of each worker', labels: ['worker'], families: WORKER_FAMILIES },
  { title: 'Of each pool', labels: ['pool'], families: POOL_FAMILIES },
  { title: 'Of each backend', labels: ['pool', 'backend'], families: BACKEND_FAMILIES },
  { title: 'Of each name in a certificate', labels: ['name'], families: CERTIFICATE_FAMILIES },
  { title: 'Of each certificate by ACME', labels: ['order'], families: ACME_FAMILIES },
] as const;

/** @returns Markdown */
export function metricsReference(): string {
  const sections = SECTIONS.map(({ title, labels, families }) => {
    const rows = families.map((family: Family<never>) => rowOf(family, labels)).join('');
    return `## ${title}\n\n| metric | type | labels | |\n| --- | --- | --- | --- |\n${rows}`;
  });
  return `${INTRODUCTION}\n${sections.join('\n')}\n${buckets()}`;
}

function rowOf(family: Family<never>, labels: readonly string[]): string {
  const all = [...labels, ...ownLabels(family)].map((label) => `\`${label}\``).join(', ');
  const values = 'by' in family ? ` ${valuesOf(family.by)}` : '';
  return `| \`${family.name}\` | ${family.kind} | ${all} | ${family.help}${values} |\n`;
}

function valuesOf({ label, of, see }: By<never>): string {
  return see === undefined ? `\`${label}\` is ${listed(Object.keys(of))}.` : `[${see}](${see}) explains each.`;
}

function listed(values: readonly string[]): string {
  const marked = values.map((value) => `\`${value}\``);
  return `${marked.slice(0, -1).join(', ')} or ${marked.at(-1)}`;
}

function buckets(): string {
  return (
    '## Buckets\n\nWorkers count durations in 70 classes to a decade, from 0.1 ms to 500 s; those of all workers add up ' +
    `without loss. The bounds that are shown, in seconds: ${SHOWN_SECONDS.join(', ')}.\n`
  );
}
