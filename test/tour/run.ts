/** test/tour/run.ts: `npm run tour`: takes the tour and writes docs/tour.md. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { takeTour } from './tour.js';

const INTRODUCTION = `# A tour

<!-- Made by "npm run tour", which really runs each command; the steps are in test/tour/steps.ts. -->

A balancer at work, from the start to the stop: everything below was typed and printed as it stands.
`;

writeFileSync(fileURLToPath(new URL('../../../docs/tour.md', import.meta.url)), INTRODUCTION + (await takeTour()));
