/** commands/admin/commands.ts: the commands that speak to a running balancer, as the command line knows them. */
import type { Command } from 'commander';
import type { Options } from './actions.js';

/** What they need is loaded when one of them is run, so that `--help` stays quick. */
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

  command('status', 'show the pools of a running balancer').action(async (options: Options, self: Command) =>
    (await load()).status(withAdmin(options, self)),
  );
  command('workers', 'show the worker processes of a running balancer').action(
    async (options: Options, self: Command) => (await load()).workers(withAdmin(options, self)),
  );
  inPool('drain <id>', 'give a backend no new requests')
    .option('--wait', 'return only when it has none in flight')
    .option('--within <time>', 'what it has in flight after that ends; off takes that back')
    .action(async (id: string, options: Options, self: Command) => (await load()).drain(id, withAdmin(options, self)));
  inPool('enable <id>', 'give a backend requests again')
    .option('--weight <n>', 'with another weight')
    .action(async (id: string, options: Options, self: Command) => (await load()).enable(id, withAdmin(options, self)));
  inPool('weight <id> <n>', 'give a backend another share of the traffic').action(
    async (id: string, weight: string, options: Options, self: Command) =>
      (await load()).weight(id, weight, withAdmin(options, self)),
  );
  inPool('add <address>', 'add a backend, as host:port[@weight]').action(
    async (address: string, options: Options, self: Command) => (await load()).add(address, withAdmin(options, self)),
  );
  inPool('remove <id>', 'remove a backend; what it has in flight finishes').action(
    async (id: string, options: Options, self: Command) => (await load()).remove(id, withAdmin(options, self)),
  );
}

function load(): Promise<typeof import('./actions.js')> {
  return import('./actions.js');
}

/** `--admin` and `--admin-token-file` may also stand before the command, where they are the balancer's own options. */
function withAdmin(options: Options, { parent }: Command): Options {
  const { admin, adminTokenFile } = parent?.opts<Options>() ?? {};
  return { ...options, admin: options.admin ?? admin, adminTokenFile: options.adminTokenFile ?? adminTokenFile };
}
