import { expect } from 'chai';
import { FAULTS } from '../../../bench/faults/catalogue.js';
import { findingOf } from '../../../bench/faults/finding.js';
import { describeFault, markdownReport } from '../../../bench/faults/report.js';
import type { ProductResult } from '../../../bench/faults/scene.js';
import { served, unanswered } from './records.js';

const TEXT = { introduction: ['# Faults'], faults: FAULTS };
const MARKS = { startMs: 0, faultMs: 100, undoneMs: 300, endMs: 500 };
const HARM = { victims: new Set<string>(), shunned: false, stallMs: 250 };

function fault(name: string): (typeof FAULTS)[number] {
  const found = FAULTS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no fault is called ${name}`);
  return found;
}

/** With so many requests that got no answer. */
function result(product: string, lost: number): ProductResult {
  const records = [served(0), ...Array.from({ length: lost }, () => unanswered(150))];
  return { product, label: '1.0', finding: findingOf(records, MARKS, HARM, ['b1'], ['7', '7']), capacity: 400 };
}

const row = (report: string, start: string): string =>
  report.split('\n').find((line) => line.startsWith(`| ${start} `)) ?? `no row "${start}"`;

describe('The report of faults', () => {
  it('has a row for each fault and proxy', () => {
    const report = markdownReport(TEXT, [{ fault: fault('killed'), results: [result('nginx', 3)] }], '');
    expect(row(report, 'killed | nginx')).to.match(/^\| killed \| nginx \| 3 \| 0 \| 0 \| /);
  });

  it('keeps the rows of what was not run again', () => {
    const first = [
      { fault: fault('killed'), results: [result('nginx', 3), result('haproxy', 4)] },
      { fault: fault('overload'), results: [result('nginx', 5)] },
    ];
    const before = markdownReport(TEXT, first, '');
    const after = markdownReport(TEXT, [{ fault: fault('killed'), results: [result('nginx', 8)] }], before);
    expect(row(after, 'killed | nginx')).to.include('| nginx | 8 |');
    for (const start of ['killed | haproxy', 'overload | nginx'])
      expect(row(after, start)).to.equal(row(before, start));
    expect(after.split('\n')).to.have.length(before.split('\n').length);
  });

  it('says why a proxy has no figures', () => {
    const results = [{ product: 'haproxy', label: '2.6', missing: 'its threads share one process' }];
    const report = markdownReport(TEXT, [{ fault: fault('worker-killed'), results }], '');
    expect(row(report, 'worker-killed | haproxy')).to.include('| its threads share one process |');
  });

  it('tells a person at the terminal what clients got and what was sent twice', () => {
    const text = describeFault({ fault: fault('killed'), results: [result('nginx', 3)] });
    expect(text).to.include('nginx failed: 3 x no answer').and.include('nginx sent 1 POST');
  });
});

describe('The faults', () => {
  it('have names of their own', () => {
    const names = FAULTS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
  });
});
