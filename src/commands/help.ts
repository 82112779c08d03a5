/** commands/help.ts: the options of `roundhouse` and the text of its help. Defaults in it are taken from the schema. */
import { type Command, Option } from 'commander';
import { POLICIES } from '../balancing/policies.js';
import { variableOf } from '../config/from-args.js';
import { ACCEPT_MODES, ACCESS_LOG_FORMATS, configSchema, DEFAULT_POOL, LOG_LEVELS } from '../config/schema.js';
import { durationText } from '../config/values.js';

/** Adds the options of a balancer. Their values stay texts, which `config/from-args.ts` parses. */
export function addServeOptions(program: Command): void {
  const { listeners, workers, accept, admin, metrics, accessLog, accessLogFormat, stopDelay, logLevel, pools } =
    configSchema.parse({
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
        `address that clients connect to: host:port, port or unix:/path, https:// or tcp:// before it; repeatable (${listen})`,
      ).argParser((text: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), text]),
    )
    .option('--cert <file>', 'certificate of the https:// addresses, and behind it the intermediate ones (PEM)')
    .option('--key <file>', 'private key of that certificate (PEM)')
    .option('--acme <email>', 'get the certificate of the https:// addresses from a CA; listens on 80 and 443')
    .addOption(
      new Option('--domain <name>', 'name that this certificate is for; repeatable').argParser(
        (text: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), text],
      ),
    )
    .option('--acme-directory <url>', "URL of the CA's directory (Let's Encrypt)")
    .option('--acme-storage <dir>', 'directory that keeps certificates by ACME (/var/lib/roundhouse/acme)')
    .option('-w, --workers <n>', `worker processes, or auto: one per usable CPU (${workers})`)
    .option('--resolve <mode>', 'what a name among the backends stands for: one of its addresses, or all (one)')
    .option('-p, --policy <name>', `how a backend is chosen: ${POLICIES.join(', ')} (${pool?.policy})`)
    .option('--health-path <path>', 'probe backends by HTTP GET of this path (default: by a TCP connect)')
    .option('--health-interval <time>', `time between two probes: 500ms, 5s, 1m (${interval})`)
    .option('--accept <mode>', `how workers accept connections: ${ACCEPT_MODES.join(', ')} (${accept})`)
    .option('--admin <addr>', `address of the admin interface, or off (${admin})`)
    .option('--admin-token-file <file>', 'file with the token that the admin interface requires')
    .option('--admin-view-token-file <file>', 'file with a second token, which may only look')
    .option('--metrics <addr>', `address that serves metrics and health only, or off (${metrics})`)
    .option('--state-file <file>', 'file that keeps changes made at run time over a restart')
    .option('--access-log <file>', `file that gets a line per request, - for stdout, or off (${accessLog})`)
    .option('--access-log-format <format>', `${ACCESS_LOG_FORMATS.join(', ')} (${accessLogFormat})`)
    .option(
      '--stop-delay <time>',
      `time that a stop keeps serving, not ready, before it drains (${durationText(stopDelay)})`,
    )
    .option('--log-level <level>', `${LOG_LEVELS.join(', ')} (${logLevel})`);
}

export function helpFooter(): string {
  return `
Defaults are in brackets.
Each flag has a variable: --health-path is ${variableOf('healthPath')}; the
backends are ${variableOf('backends')}. Flags beat variables, and variables
beat the file.

Examples:
  roundhouse 127.0.0.1:3001,127.0.0.1:3002     two backends, on port 8080
  roundhouse 10.0.0.1:80@3,10.0.0.2:80 -l 80   the first gets three quarters
  roundhouse app-1:3000 app-2:3000 --health-path /health --health-interval 2s
  roundhouse app:3000 --resolve all            a backend at each address of app
  roundhouse -c lb.yaml --workers 2            a file, but with two workers
  roundhouse app:3000 -l https://:443 --cert a.pem --key a.key
  roundhouse app:3000 --acme ops@example.com --domain example.com
  roundhouse check -c lb.yaml                  print the effective configuration
  roundhouse drain 10.0.0.1:80 --wait          drain it, wait until it is idle
  roundhouse demo                              see it work, with sample backends

Beyond loopback the admin interface requires a token, which commands send: at
least 16 characters, in ROUNDHOUSE_ADMIN_TOKEN or in the file named by
--admin-token-file, never on a command line. A second one may only look, in
ROUNDHOUSE_ADMIN_VIEW_TOKEN or --admin-view-token-file. --admin unix:/path is a
socket file that only this user can open.

Signals: TERM and INT finish the requests in flight, then exit; a second INT
exits at once, or ends the stop delay, as a second TERM does; HUP applies what has changed in the file and opens the access
log again; USR1 only opens the access log again; USR2 replaces the workers one
by one.
Exit codes: 0 success, 1 could not run, 2 wrong usage.`;
}
