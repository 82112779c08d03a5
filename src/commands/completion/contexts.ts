/** commands/completion/contexts.ts: the part that the scripts for bash and zsh share: what completes what, as a `case`. */
import type { Model, OptionModel, Values } from './model.js';

/**
 * By what has been typed: the command, then the option whose value is due, or `-` when an option is.
 * @returns the branches of a `case`; each sets `names` to words, `files`, `backends` or `pools`
 */
export function branches({ options, commands }: Model): string {
  const lines = [
    branch(
      [''],
      commands.map(({ name }) => name),
    ),
    ...optionBranches('', options),
    ...commands.flatMap(({ name, options: own, argument }) => [branch([name], argument), ...optionBranches(name, own)]),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

/** @returns a pattern for all options that have a value */
export function valuedOptions({ options, commands }: Model): string {
  const every = [...options, ...commands.flatMap((command) => command.options)];
  return [...new Set(every.filter(({ takesValue }) => takesValue).flatMap(({ names }) => names))].join('|');
}

function optionBranches(command: string, options: readonly OptionModel[]): readonly string[] {
  return [
    branch(
      [`${command} -`],
      options.flatMap(({ names }) => names),
    ),
    ...options.map(({ names, values }) =>
      branch(
        names.map((name) => `${command} ${name}`),
        values,
      ),
    ),
  ];
}

function branch(contexts: readonly string[], values: Values): string {
  if (values.length === 0) return '';
  const names = typeof values === 'string' ? values : values.join(' ');
  return `    ${contexts.map((context) => `'${context}'`).join('|')}) names='${names}' ;;`;
}
