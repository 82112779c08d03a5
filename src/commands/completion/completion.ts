/** commands/completion/completion.ts: the commands `completion` and `completion-words`. */
import type { Command } from 'commander';
import * as z from 'zod';
import { alternatives } from '../../config/similar.js';
import { UsageError } from '../../config/usage-error.js';
import { poolAnswer } from '../admin/answers.js';
import { clientFor } from '../admin/asking.js';
import type { AdminClient, AdminOptions } from '../admin/client.js';
import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import { type Model, modelOf, SHELLS, type Shell, SOURCES, type Source } from './model.js';
import { zshCompletion } from './zsh.js';

const namedRoute = z.looseObject({ name: z.string().nullish() });

const SCRIPTS: { readonly [S in Shell]: (model: Model) => string } = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/**
 * Prints the completion script of a shell for the commands of `program`.
 * @throws {UsageError} if the shell is not known
 */
export function completion(name: string, program: Command): void {
  const shell = SHELLS.find((each) => each === name);
  if (shell === undefined) throw new UsageError(`SHELL: "${name}" is not known; write ${alternatives(SHELLS)}`);
  process.stdout.write(SCRIPTS[shell](modelOf(program)));
}

/**
 * Prints the names of the pools or of the routes, or the ids of the backends, of the running balancer, one a line, for
 * the scripts.
 * @throws {UsageError} if `name` is no {@link Source}
 */
export async function completionWords(name: string, typed: AdminOptions): Promise<void> {
  const source = SOURCES.find((each) => each === name);
  if (source === undefined) throw new UsageError(`"${name}" is not known; write ${alternatives(SOURCES)}`);
  const words = await wordsOf(source, await clientFor(typed));
  console.log([...new Set(words)].join('\n'));
}

async function wordsOf(source: Source, client: AdminClient): Promise<readonly string[]> {
  if (source === 'routes') {
    const { value: routes } = await client.ask(z.array(namedRoute), { path: '/api/routes' });
    return routes.flatMap((route) => route.name ?? []);
  }
  const { value: pools } = await client.ask(z.array(poolAnswer), { path: '/api/pools' });
  return source === 'pools' ? pools.map((pool) => pool.name) : pools.flatMap(idsIn);
}

function idsIn({ backends }: z.infer<typeof poolAnswer>): readonly string[] {
  return backends.map(({ id }) => id);
}
