/** commands/help.ts: the options of `roundhouse` as its help shows them, each with the default the schema gives it. */
import { type Command, Option } from 'commander';
import { POLICIES } from '../balancing/policies.js';
import { variableOf } from '../config/from-args.js';
import { ACCEPT_MODES, ACCESS_LOG_FORMATS, configSchema, DEFAULT_POOL, LOG_LEVELS } from '../config/schema.js';
import { durationText } from '../config/values.js';

/** Adds the options that start a balancer. Values stay text: reading them is from-args' part. */
export function addServeOptions(program: Command): void {
  const { listeners, workers, accept, admin, accessLog, accessLogFormat, logLevel, pools } = configSchema.parse({
    pools: { [DEFAULT_POOL]: { backends: [{ address: 'localhost:1' }] } },
  });
  const pool = pools[DEFAULT_POOL];
  const interval = durationText(pool?.healthCheck.interval ?? 0);
  const listen = listeners.map(({ address }) => address).join();
  program
    .option('-c, --config <file>', 'read a YAML or JSON file, or a module (.mjs, .ts); flags and variables beat it')
    .addOption(
      new Option(
        '-l, --listen <addr>',
        `where clients connect, as host:port or port; repeatable (${listen})`,
      ).argParser((text: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), text]),
    )
    .option('-w, --workers <n>', `worker processes, or auto: one per usable CPU (${workers})`)
    .option('-p, --policy <name>', `how a backend is chosen: ${POLICIES.join(', ')} (${pool?.policy})`)
    .option('--health-path <path>', 'probe backends by HTTP GET of this path (a TCP connect)')
    .option('--health-interval <time>', `time between two probes: 500ms, 5s, 1m (${interval})`)
    .option('--accept <mode>', `how workers get connections: ${ACCEPT_MODES.join(', ')} (${accept})`)
    .option('--admin <addr>', `where the pools can be looked at and changed, or off (${admin})`)
    .option('--admin-token-file <file>', 'file that holds the token which the admin interface asks for')
    .option('--state-file <file>', 'keep what is changed while it runs over a restart')
    .option('--access-log <file>', `where each request gets a line: a file, - or off (${accessLog})`)
    .option('--access-log-format <format>', `${ACCESS_LOG_FORMATS.join(', ')} (${accessLogFormat})`)
    .option('--log-level <level>', `${LOG_LEVELS.join(', ')} (${logLevel})`);
}

export function helpFooter(): string {
  return `
What stands in brackets holds when no flag, variable or file says otherwise.
Each flag has a variable: --health-path is ${variableOf('healthPath')}; the
backends are ${variableOf('backends')}. Flags beat variables, and those
beat the file.

Examples:
  roundhouse 127.0.0.1:3001,127.0.0.1:3002     port 8080, shared between two
  roundhouse 10.0.0.1:80@3,10.0.0.2:80 -l 80   the first gets three quarters
  roundhouse app-1:3000 app-2:3000 --health-path /health --health-interval 2s
  roundhouse -c lb.yaml --workers 2            from a file, but two workers
  roundhouse check -c lb.yaml                  what that file comes to
  roundhouse drain 10.0.0.1:80 --wait          no new requests; wait for the rest
  roundhouse demo                              see it work, backends included

Beyond loopback the admin interface needs a token, which commands then show:
at least 16 characters in ROUNDHOUSE_ADMIN_TOKEN or in the file that
--admin-token-file names, and never on a command line. --admin unix:/path is a
socket file for this user alone.

Signals: TERM and INT finish what is in flight, then end; a second INT ends at
once; HUP reads the file again, applies what has changed in it, and opens the
access log again; USR2 replaces the workers one by one.
Exit codes: 0 fine, 1 could not run, 2 wrong usage.`;
}
