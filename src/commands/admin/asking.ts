/** commands/admin/asking.ts: what all commands that speak to a running balancer do alike: whom they ask, how they print. */
import { type Display, PLAIN } from '../table.js';
import { AdminClient, type Typed } from './client.js';

/** As typed; `undefined` where an option was not given. */
export interface Options extends Typed {
  readonly json?: boolean | undefined;
  readonly pool?: string | undefined;
  readonly wait?: boolean | undefined;
  readonly within?: string | undefined;
  readonly weight?: string | undefined;
  readonly follow?: boolean | undefined;
}

/** How often a command that waits looks again, in milliseconds. */
export const LOOK_AGAIN_MS = 200;

export function clientFor(options: Typed): Promise<AdminClient> {
  return AdminClient.for(options, process.env);
}

export function print({ json }: Options, value: unknown, lines: readonly string[]): void {
  console.log(json === true ? JSON.stringify(value, undefined, 2) : lines.join('\n'));
}

/** @returns how wide standard output is, and whether it shows colours: a terminal does unless `NO_COLOR` is set */
export function display(): Display {
  const { stdout } = process;
  if (!stdout.isTTY) return PLAIN;
  return { width: stdout.columns || PLAIN.width, colour: stdout.hasColors() };
}
