/** commands/completion/completion.ts: what `completion` and `completion-words` do. */
import type { Command } from 'commander';
import * as z from 'zod';
import { alternatives } from '../../config/similar.js';
import { UsageError } from '../../config/usage-error.js';
import { poolAnswer } from '../admin/answers.js';
import { clientFor } from '../admin/asking.js';
import type { AdminOptions } from '../admin/client.js';
import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import { type Model, modelOf, SHELLS, type Shell, SOURCES } from './model.js';
import { zshCompletion } from './zsh.js';

const SCRIPTS: { readonly [S in Shell]: (model: Model) => string } = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/**
 * Prints a script that makes a shell complete the commands of `program`.
 * @throws {UsageError} when `name` is no shell that is known
 */
export function completion(name: string, program: Command): void {
  const shell = SHELLS.find((each) => each === name);
  if (shell === undefined) throw new UsageError(`SHELL: "${name}" is not known; write ${alternatives(SHELLS)}`);
  process.stdout.write(SCRIPTS[shell](modelOf(program)));
}

/**
 * Prints what the running instance calls its pools or backends, one a line, for those scripts.
 * @throws {UsageError} when `name` is neither
 */
export async function completionWords(name: string, typed: AdminOptions): Promise<void> {
  const source = SOURCES.find((each) => each === name);
  if (source === undefined) throw new UsageError(`"${name}" is not known; write ${alternatives(SOURCES)}`);
  const { value: pools } = await (await clientFor(typed)).ask(z.array(poolAnswer), { path: '/api/pools' });
  const words = source === 'pools' ? pools.map(({ name: pool }) => pool) : pools.flatMap(idsIn);
  console.log([...new Set(words)].join('\n'));
}

function idsIn({ backends }: z.infer<typeof poolAnswer>): readonly string[] {
  return backends.map(({ id }) => id);
}
