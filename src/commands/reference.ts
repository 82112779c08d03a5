/** commands/reference.ts: makes docs/cli.md, the reference of the command line, from its definition. */
import type { Argument, Command, Option } from 'commander';

const INTRODUCTION = `# The command line

<!-- Made by "roundhouse reference"; change the definitions in src/commands/. -->

Exit codes: 0 success; 1 the command was correct but failed (one sentence on standard error); 2 wrong usage.

Commands for a running balancer use the admin interface at \`--admin\`, else \`ROUNDHOUSE_ADMIN\`, else 127.0.0.1:9901,
with the token in the file of \`--admin-token-file\`, in \`ROUNDHOUSE_ADMIN_TOKEN\`, or in the file that
\`ROUNDHOUSE_ADMIN_TOKEN_FILE\` names. On a terminal their tables have colours, unless \`NO_COLOR\` is set, and leave
out columns that do not fit; elsewhere they are complete and plain. \`--json\` prints the response of the admin
interface ([docs/admin.md](admin.md)).

**Completion** of commands, options, pools and backends of the running instance:

\`\`\`text
bash    eval "$(roundhouse completion bash)"         in ~/.bashrc
zsh     eval "$(roundhouse completion zsh)"          in ~/.zshrc, after compinit
fish    roundhouse completion fish | source          in ~/.config/fish/config.fish
\`\`\`
`;

/** @returns Markdown */
export function commandReference(program: Command): string {
  const commands = program.createHelp().visibleCommands(program);
  return [INTRODUCTION, section(program, program), ...commands.map((each) => section(each, program))].join('\n');
}

function section(command: Command, program: Command): string {
  const help = command.createHelp();
  const isRoot = command === program;
  const name = isRoot ? program.name() : `${program.name()} ${command.name()}`;
  const usage = `${name} ${command.usage()}`.trim();
  const options = help.visibleOptions(command).filter(({ long }) => isRoot || long !== '--help');
  const known = new Set(help.visibleOptions(program).map(lineOf));
  const isAsAbove = !isRoot && options.length > 0 && options.every((option) => known.has(lineOf(option)));
  return `## \`${name}\`

${sentence(command.description())}

\`\`\`text
${usage}
\`\`\`
${tableOf(
  'argument',
  command.registeredArguments.filter(({ description }) => description !== ''),
)}${isAsAbove ? '\nThe options are those of `roundhouse`, above.\n' : tableOf('option', options)}`;
}

function tableOf(kind: string, rows: readonly (Argument | Option)[]): string {
  if (rows.length === 0) return '';
  return `\n| ${kind} | |\n| --- | --- |\n${rows.map(lineOf).join('\n')}\n`;
}

function lineOf(row: Argument | Option): string {
  return `| \`${'flags' in row ? row.flags : row.name()}\` | ${cell(row)} |`;
}

function cell({ description, defaultValue }: Argument | Option): string {
  const initial: unknown = defaultValue;
  return (initial === undefined ? description : `${description} (${initial})`).replaceAll('|', '\\|');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
