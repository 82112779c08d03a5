/**
 * commands/schema.ts: the command `schema`: prints the JSON Schema of the configuration, and pages made from schemas.
 */
import { configJsonSchema } from '../config/json-schema.js';
import { configReference } from '../config/reference.js';

/** Prints the JSON Schema, or docs/config.md, which is made from it. */
export function schema(asMarkdown: boolean): void {
  process.stdout.write(asMarkdown ? configReference() : `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
}

/** Prints docs/metrics.md. */
export async function metrics(): Promise<void> {
  const { metricsReference } = await import('../control/metrics/reference.js');
  process.stdout.write(metricsReference());
}
