/**
 * commands/definition.ts: defines the command line with commander. The modules of a command are loaded when it runs, so
 * that `--help` stays fast.
 */
import { type Command, Option } from 'commander';
import type { Args } from '../config/from-args.js';
import { similarWord } from '../config/similar.js';
import { UsageError } from '../config/usage-error.js';
import { VERSION } from '../version.js';
import { addAdminCommands } from './admin/commands.js';
import { addServeOptions, helpFooter } from './help.js';
import { createProgram } from './program.js';
import type { ServeArgs } from './serve.js';

export function roundhouse(): Command {
  const program = createProgram('roundhouse')
    .description('An HTTP load balancer that uses every core.')
    .usage('[options] BACKENDS\n       roundhouse -c FILE\n       roundhouse demo [-n 3]')
    .argument('[backends...]', 'host:port[@weight],unix:/path,...')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .enablePositionalOptions()
    .addHelpText('after', helpFooter);
  addServeOptions(program);
  program.option('--watch', 'reload the file whenever it changes');
  program.action((backends: readonly string[], options: Omit<ServeArgs, 'backends'>) => {
    refuseMistypedCommand(backends[0], program);
    return serve({ ...options, backends });
  });
  addDemo(program);
  addCheck(program);
  addSchema(program);
  addAdminCommands(program);
  addCompletion(program);
  addSampleBackend(program);
  return program;
}

async function serve(args: ServeArgs): Promise<void> {
  const command = await import('./serve.js');
  await command.serve(args, process.env);
}

/**
 * @throws {UsageError} if the first argument has no port and resembles a command: it is more likely a typo than a
 * backend
 */
function refuseMistypedCommand(word: string | undefined, program: Command): void {
  if (word === undefined || word.includes(':')) return;
  const near = similarWord(
    word,
    program
      .createHelp()
      .visibleCommands(program)
      .map((command) => command.name()),
  );
  if (near !== undefined) {
    throw new UsageError(`"${word}" is neither a command nor host:port; did you mean "${program.name()} ${near}"?`);
  }
}

function addDemo(program: Command): void {
  program
    .command('demo')
    .description('start sample backends and a balancer in front of them, and watch where requests go')
    .option('-n, --backends <count>', 'sample backends to start', '3')
    .option('--tls', 'speak https, with a certificate that is made for the demo')
    .action(async (options: { readonly backends: string; readonly tls?: true }) => {
      const command = await import('./demo/demo.js');
      await command.demo(options.backends, options.tls === true);
    });
}

function addCheck(program: Command): void {
  const check = program
    .command('check')
    .description('check a configuration file without starting anything, and print it with all defaults')
    .argument('[backends...]', 'backends that replace those of the file');
  addServeOptions(check);
  check.action(async (backends: readonly string[]) => {
    const command = await import('./check.js');
    // With globals, so that options in front of the command count as well: `roundhouse -c FILE check`.
    await command.check({ ...check.optsWithGlobals<Omit<Args, 'backends'>>(), backends }, process.env);
  });
}

function addSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of configuration files')
    .addOption(new Option('--markdown', 'print docs/config.md instead').hideHelp())
    .addOption(new Option('--metrics', 'print docs/metrics.md instead').hideHelp())
    .action(async (options: { readonly markdown?: true; readonly metrics?: true }) => {
      const command = await import('./schema.js');
      if (options.metrics === true) await command.metrics();
      else command.schema(options.markdown === true);
    });
}

function addCompletion(program: Command): void {
  const load = () => import('./completion/completion.js');
  program
    .command('completion')
    .description('print a script that makes a shell complete commands, options, pools and backends')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => (await load()).completion(shell, program));
  // Hidden: the completion scripts get the names of pools and backends from it.
  program
    .command('completion-words', { hidden: true })
    .argument('<source>', 'backends, pools or routes')
    .option('--admin <addr>')
    .action(async (source: string, options: { readonly admin?: string }) =>
      (await load()).completionWords(source, options),
    );
  // Hidden: prints docs/cli.md.
  program.command('reference', { hidden: true }).action(async () => {
    const { commandReference } = await import('./reference.js');
    process.stdout.write(commandReference(program));
  });
}

/** Hidden: the demo and `npm run servers` start their backends by this command; the demo prints it to restart one. */
function addSampleBackend(program: Command): void {
  program
    .command('sample-backend', { hidden: true })
    .argument('<port>', 'port on 127.0.0.1; with 0 the system chooses')
    .option('--id <name>', 'id in its responses; its address by default')
    .action(async (port: string, options: { readonly id?: string }) => {
      const command = await import('./sample-backend.js');
      await command.sampleBackend(port, options.id);
    });
}
