/** control/accept.ts: decides how the workers get their connections, and refuses what this Node or system cannot do. */
import type { AcceptMode } from '../config/schema.js';
import type { ToWorker } from '../messages.js';

/** How workers accept, once `auto` has been decided. */
export type Accept = Extract<ToWorker, { type: 'listen' }>['accept'];

export interface Runtime {
  /** Version of the running Node, such as `22.12.0`. */
  readonly nodeVersion: string;
  readonly platform: NodeJS.Platform;
}

/**
 * Decides the accept mode.
 * @returns the mode, or one plain clause that says why the wanted one is not possible here
 */
export function chooseAccept(wanted: AcceptMode, runtime: Runtime): { accept: Accept } | { problem: string } {
  switch (wanted) {
    case 'auto':
      // A socket that lives in the primary loses nothing while workers are replaced, and the workers take from it
      // without a hop. Node itself advises against sharing one on Windows.
      return { accept: runtime.platform === 'win32' ? 'round-robin' : 'shared' };
    case 'reuse-port':
      return hasReusePort(runtime)
        ? { accept: 'reuse-port' }
        : { problem: `accept mode "reuse-port" needs Linux and Node 22.12 or 23.1, and this is ${inWords(runtime)}` };
    case 'shared':
    case 'round-robin':
      return { accept: wanted };
  }
}

/** Whether `listen({ reusePort })` spreads connections here: on Linux, from Node 22.12 and 23.1 on. */
function hasReusePort({ nodeVersion, platform }: Runtime): boolean {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return platform === 'linux' && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));
}

function inWords({ nodeVersion, platform }: Runtime): string {
  return `Node ${nodeVersion} on ${platform}`;
}
