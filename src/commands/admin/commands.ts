/** commands/admin/commands.ts: adds the commands to a running balancer to the command line. */
import type { Command } from 'commander';
import { UsageError } from '../../config/usage-error.js';
import type { Options } from './asking.js';
import type { DiffOptions } from './reload.js';

/** Each command's code is loaded when it runs, so that `--help` stays quick. */
export function addAdminCommands(program: Command): void {
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--admin <addr>', 'where its admin interface is: host:port or unix:/path')
      .option('--admin-token-file <file>', 'file that holds the token it asks for')
      .option('--json', 'print JSON, for scripts');
  const inPool = (name: string, description: string): Command =>
    command(name, description).option('--pool <name>', 'the pool, when there are several');

  command('status', 'show the pools of a running balancer')
    .option('--follow', 'show them again and again')
    .action(async (options: Options, self: Command) => (await load()).status(withAdmin(options, self)));
  command('workers', 'show the worker processes of a running balancer').action(
    async (options: Options, self: Command) => (await load()).workers(withAdmin(options, self)),
  );
  inPool('drain <id>', 'give a backend no new requests')
    .option('--wait', 'return only when it has none in flight')
    .option('--keep-sessions', 'clients whose sticky cookie names it stay on it')
    .option(
      '--within <time>',
      'what it has in flight after that ends, or with --keep-sessions: moves; off takes that back',
    )
    .action(async (id: string, options: Options, self: Command) => (await load()).drain(id, withAdmin(options, self)));
  inPool('enable <id>', 'give a backend requests again')
    .option('--weight <n>', 'with another weight')
    .action(async (id: string, options: Options, self: Command) => (await load()).enable(id, withAdmin(options, self)));
  inPool('weight <id> <n>', 'give a backend another share of the traffic').action(
    async (id: string, weight: string, options: Options, self: Command) =>
      (await load()).weight(id, weight, withAdmin(options, self)),
  );
  inPool('add <address>', 'add a backend, as host:port[@weight] or unix:/path[@weight]')
    .option('--resolve <mode>', 'what a name stands for: one of its addresses, or all')
    .action(async (address: string, options: Options, self: Command) =>
      (await load()).add(address, withAdmin(options, self)),
    );
  inPool('remove <id>', 'remove a backend; what it has in flight finishes').action(
    async (id: string, options: Options, self: Command) => (await load()).remove(id, withAdmin(options, self)),
  );
  command('maintenance <on|off>', 'answer requests with 503 and the maintenance page, or serve them again')
    .option('--pool <name>', 'those to a pool only')
    .option('--route <name>', 'those of a route only')
    .action(async (text: string, options: Options, self: Command) =>
      (await steering()).maintenance(text, withAdmin(options, self)),
    );
  command('roll', 'replace the workers one by one, replacement first')
    .option('--wait', 'return only when all are replaced')
    .action(async (options: Options, self: Command) => (await steering()).roll(withAdmin(options, self)));
  command('export', 'print the configuration that runs, with what was changed at run time').action(
    async (options: Options, self: Command) => (await steering()).exportConfig(withAdmin(options, self)),
  );
  command('log-level [level]', 'show how much is logged, or change it until it ends').action(
    async (level: string | undefined, options: Options, self: Command) =>
      (await steering()).logLevel(level, withAdmin(options, self)),
  );
  command(
    'certificates [action]',
    'show the certificates of a running balancer; reload: read their files again',
  ).action(async (action: string | undefined, options: Options, self: Command) =>
    (await import('./certificates.js')).certificates(isReload(action), withAdmin(options, self)),
  );
  program
    .command('healthcheck')
    .description('succeed when traffic may be sent to it; for HEALTHCHECK in a Dockerfile')
    .option('--admin <addr>', 'where its admin interface is: host:port or unix:/path')
    .action(async (options: Options, self: Command) => (await steering()).healthcheck(withAdmin(options, self)));
  addReloading(command);
}

/** @throws {UsageError} for an action of `certificates` that is not known */
function isReload(action: string | undefined): boolean {
  if (action === undefined || action === 'reload') return action === 'reload';
  throw new UsageError(`ACTION: "${action}" is not known; write reload, or nothing to see the certificates`);
}

function steering(): Promise<typeof import('./steering.js')> {
  return import('./steering.js');
}

/** Adds `reload` and `diff`. */
function addReloading(command: (name: string, description: string) => Command): void {
  const load = (): Promise<typeof import('./reload.js')> => import('./reload.js');
  command('reload', 'have a running balancer read its file again').action(async (options: Options, self: Command) =>
    (await load()).reload(withAdmin(options, self)),
  );
  command('diff', 'show what a reload of another file would change')
    .option('-c, --config <file>', 'that file')
    .action(async (options: DiffOptions, self: Command) => {
      const config = options.config ?? self.parent?.opts<DiffOptions>().config;
      await (await load()).diff({ ...withAdmin(options, self), config });
    });
}

function load(): Promise<typeof import('./actions.js')> {
  return import('./actions.js');
}

/** @returns `options` with `--admin` and `--admin-token-file` from before the command, where they may stand as well */
function withAdmin(options: Options, { parent }: Command): Options {
  const { admin, adminTokenFile } = parent?.opts<Options>() ?? {};
  return { ...options, admin: options.admin ?? admin, adminTokenFile: options.adminTokenFile ?? adminTokenFile };
}
