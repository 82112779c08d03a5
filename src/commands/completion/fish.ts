/** commands/completion/fish.ts: the completion script for fish. */
import type { CommandModel, Model, OptionModel, Values } from './model.js';

/** @returns a script to source */
export function fishCompletion({ program, options, commands }: Model): string {
  const complete = `complete -c ${program}`;
  const first = '-n __fish_use_subcommand';
  const lines = [
    `${complete} -f`,
    ...commands.map(({ name, description }) => `${complete} ${first} -a ${name} -d ${quoted(description)}`),
    ...options.map((option) => `${complete} ${first} ${optionText(option, program)}`),
    ...commands.flatMap((command) => commandLines(command, complete, program)),
  ];
  return `# Completion of ${program} for fish: ${program} completion fish | source\n${lines.join('\n')}\n`;
}

function commandLines({ name, options, argument }: CommandModel, complete: string, program: string): readonly string[] {
  const within = `-n '__fish_seen_subcommand_from ${name}'`;
  const values = valuesText(argument, program);
  return [
    ...(values === '' ? [] : [`${complete} ${within} ${values}`]),
    ...options.map((option) => `${complete} ${within} ${optionText(option, program)}`),
  ];
}

function optionText({ names, description, takesValue, values }: OptionModel, program: string): string {
  const named = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = takesValue ? ` -r ${valuesText(values, program)}`.trimEnd() : '';
  return `${named.join(' ')} -d ${quoted(description)}${value}`;
}

function valuesText(values: Values, program: string): string {
  if (values === 'files') return '-F';
  if (typeof values === 'string') return `-a '(${program} completion-words ${values} 2>/dev/null)'`;
  return values.length === 0 ? '' : `-a ${quoted(values.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
