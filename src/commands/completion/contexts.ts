/** commands/completion/contexts.ts: the `case` that the completion scripts for bash and zsh share. */
import type { Model, OptionModel, Values } from './model.js';

/**
 * @returns the branches of a `case` over what has been typed: the command, followed by the option whose value is to be
 * completed, or by `-` if an option is. Each sets `names` to words, `files` or a {@link Source}
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

/** @returns a shell pattern that matches all options with a value */
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
