/** commands/schema.ts: the form of configuration files, for editors and for people. */
import { configJsonSchema } from '../config/json-schema.js';
import { configReference } from '../config/reference.js';

/** Prints the JSON Schema, or the reference page made from it. */
export function schema(asMarkdown: boolean): void {
  process.stdout.write(asMarkdown ? configReference() : `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
}

/** Prints the reference page of the metrics. */
export async function metrics(): Promise<void> {
  const { metricsReference } = await import('../control/metrics/reference.js');
  process.stdout.write(metricsReference());
}
