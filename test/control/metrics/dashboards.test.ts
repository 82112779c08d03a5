/** test/control/metrics/dashboards.test.ts: what docs/ has for Grafana and Prometheus asks for metrics that there are. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import * as z from 'zod';
import { expose } from '../../../src/control/metrics/exposition.js';
import { readMetrics } from '../../support/metrics-text.js';
import { backendNamed, poolNamed, readingsOf, workerNumbered } from './readings.js';

const dashboard = z.object({
  uid: z.string(),
  schemaVersion: z.int(),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.unknown() })) }),
  panels: z.array(
    z.object({
      id: z.int(),
      title: z.string(),
      gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
      targets: z.array(z.object({ expr: z.string(), datasource: z.object({ uid: z.string() }) })).default([]),
    }),
  ),
});
const alerts = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.object({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.object({ summary: z.string() }),
        }),
      ),
    }),
  ),
});

const { panels, templating } = dashboard.parse(JSON.parse(readFileSync('docs/grafana.json', 'utf8')));
const rules = alerts.parse(parse(readFileSync('docs/alerts.yaml', 'utf8'))).groups.flatMap((group) => group.rules);

/** Labels of each series that there is, by its name. */
function exposed(): ReadonlyMap<string, ReadonlySet<string>> {
  const text = expose(readingsOf([poolNamed('web', [backendNamed('10.0.0.1:80')])], [workerNumbered(1)]), 'prometheus');
  const samples = readMetrics(text).flatMap((family) => family.samples);
  return new Map(samples.map(({ name, labels }) => [name, new Set(Object.keys(labels))]));
}

/** @returns the labels of the metrics that an expression asks for */
function labelsOf(expr: string): readonly string[] {
  const known = exposed();
  return [...expr.matchAll(/\b(?:roundhouse|process)_\w+/g)].flatMap(([name]) => [...(known.get(name) ?? [])]);
}

/** What every scraper adds. */
const OF_THE_SCRAPER = ['job', 'instance'];

/** @returns what an expression asks for and nobody has: metrics, and labels of those */
function missingIn(expr: string): readonly string[] {
  const known = exposed();
  const labelled = [...expr.matchAll(/\b((?:roundhouse|process)_\w+)(?:\{([^}]*)\})?/g)];
  return labelled.flatMap(([, name = '', matchers = '']) => {
    const labels = known.get(name);
    if (labels === undefined) return [name];
    const asked = [...matchers.matchAll(/(\w+)\s*=/g)].map(([, label = '']) => label);
    return asked
      .filter((label) => !labels.has(label) && !OF_THE_SCRAPER.includes(label))
      .map((label) => `${name}{${label}}`);
  });
}

describe('docs/grafana.json', () => {
  it('asks for metrics that there are, by labels that they have', () => {
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(expressions.length).to.be.above(30);
    expect(expressions.flatMap(missingIn)).to.deep.equal([]);
    expect(templating.list.flatMap(({ query }) => missingIn(JSON.stringify(query)))).to.deep.equal([]);
  });

  it('imports into any Grafana: its data source is a variable, its panels have numbers and places of their own', () => {
    const sources = new Set(panels.flatMap(({ targets }) => targets.map(({ datasource }) => datasource.uid)));
    expect([...sources]).to.deep.equal(['$datasource']);
    expect(templating.list.map(({ name }) => name)).to.deep.equal(['datasource', 'instance', 'pool']);
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size, 'no two overlap').to.equal(cells.length);
  });
});

describe('docs/alerts.yaml', () => {
  it('asks for metrics that there are, by labels that they have', () => {
    expect(rules.length).to.be.above(10);
    expect(rules.flatMap(({ expr }) => missingIn(expr))).to.deep.equal([]);
  });

  it('has each alert once, and says in it what it is about by labels that it keeps', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).to.equal(rules.length);
    for (const { alert, annotations, expr } of rules) {
      const named = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
      const kept = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ');
      const available = kept ?? [...OF_THE_SCRAPER, ...labelsOf(expr)];
      expect(available, alert).to.include.members(named);
    }
  });

  it('would notice a metric that is not there', () => {
    expect(missingIn('rate(roundhouse_nothing_total[5m]) > roundhouse_backend_up{code="5xx"}')).to.deep.equal([
      'roundhouse_nothing_total',
      'roundhouse_backend_up{code}',
    ]);
  });
});
