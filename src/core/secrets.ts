/**
 * core/secrets.ts: the keys that primary and workers share. They travel as one value beside the configuration, so that
 * another key is another field here and nothing else on its way.
 */
import type * as z from 'zod';
import type { secretsSchema } from './schemas.js';

export type Secrets = z.infer<typeof secretsSchema>;

export const NO_SECRETS: Secrets = {};
