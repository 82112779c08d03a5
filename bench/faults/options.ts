/** bench/faults/options.ts: the command line of `npm run faults`. */
import { Option } from 'commander';
import { benchCommand, namedIn } from '../command.js';
import { FAULTS } from './catalogue.js';
import type { Fault } from './fault.js';
import type { Product } from './product.js';
import { PRODUCTS } from './products/index.js';

export interface FaultsOptions {
  readonly fault: readonly Fault[];
  readonly product: readonly Product[];
  readonly list: boolean;
  readonly json: boolean;
  readonly report: boolean;
}

/** Reads the command line; wrong usage is told in one sentence and ends the process with 2. */
export function parseOptions(argv: readonly string[]): FaultsOptions {
  return benchCommand('faults')
    .description('What clients notice of dying, hanging and failing backends and workers, beside nginx and HAProxy')
    .addOption(
      new Option('--fault <names>', 'these faults only, with commas between them')
        .argParser((text) => namedIn(FAULTS, text))
        .default(FAULTS, 'all'),
    )
    .addOption(
      new Option('--product <names>', `out of ${PRODUCTS.map(({ name }) => name).join(', ')}`)
        .argParser((text) => namedIn(PRODUCTS, text))
        .default(PRODUCTS, 'all'),
    )
    .option('--list', 'say which faults there are, and do nothing', false)
    .option('--json', 'print JSON on stdout instead of tables, a timeline of 100 ms steps included', false)
    .option('--report', 'write bench/faults/RESULTS.md; the faults that are not chosen stay in it as they are', false)
    .parse(argv, { from: 'user' })
    .opts<FaultsOptions>();
}
