/** Reads `npm pack --json` and fails when the package holds a file that no user needs, or lacks one that runs. */
import { text } from 'node:stream/consumers';

const [{ files }] = JSON.parse(await text(process.stdin));
const paths = files.map(({ path }) => path);
const wanted = [
  'dist/src/cli.js',
  'dist/src/index.js',
  'dist/src/index.d.ts',
  'dist/src/config/module-thread.js',
  'dist/workers/main.js',
  'dist/workers/tasks/probe.js',
  'dist/dashboard/index.html',
  'dist/dashboard/main.js',
  'README.md',
  'SECURITY.md',
  'LICENSE',
];
const missing = wanted.filter((path) => !paths.includes(path));
const stray = paths.filter((path) => !/^(dist\/(src|workers|dashboard)\/|[A-Z]+(\.md)?$|package\.json$)/.test(path));
if (missing.length > 0 || stray.length > 0) {
  console.error(`The package lacks [${missing.join(', ')}] and holds [${stray.join(', ')}] that nobody needs.`);
  process.exit(1);
}
console.log(`The package holds ${paths.length} files, all of them needed.`);
