/** commands/admin/asking.ts: options, client and output that all commands to a running balancer share. */
import { type Display, PLAIN } from '../table.js';
import { AdminClient, type AdminOptions } from './client.js';

/** The options of these commands as typed; `undefined` for those not given. */
export interface Options extends AdminOptions {
  readonly json?: boolean | undefined;
  readonly pool?: string | undefined;
  readonly route?: string | undefined;
  readonly wait?: boolean | undefined;
  readonly keepSessions?: boolean | undefined;
  readonly within?: string | undefined;
  readonly weight?: string | undefined;
  readonly resolve?: string | undefined;
  readonly follow?: boolean | undefined;
}

/** Interval at which a waiting command asks again, in milliseconds. */
export const LOOK_AGAIN_MS = 200;

export function clientFor(options: AdminOptions): Promise<AdminClient> {
  return AdminClient.for(options, process.env);
}

export function print({ json }: Options, value: unknown, lines: readonly string[]): void {
  console.log(json === true ? JSON.stringify(value, undefined, 2) : lines.join('\n'));
}

/** @returns width and colours of standard output; a terminal has colours unless `NO_COLOR` is set */
export function display(): Display {
  const { stdout } = process;
  if (!stdout.isTTY) return PLAIN;
  return { width: stdout.columns || PLAIN.width, colour: stdout.hasColors() };
}
