/** workers/tasks/hash-table.ts: builds one Maglev table on a piscina thread of the primary. */
import { buildMaglevTable } from '../../src/balancing/maglev-table.js';

export default buildMaglevTable;
