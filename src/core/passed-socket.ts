/**
 * core/passed-socket.ts: listening sockets that another process bound and passed to this one, written `fd@3` or
 * `fd@NAME` as in HAProxy's `bind`. systemd passes them as descriptors from 3 on and can name them (sd_listen_fds(3)).
 */

const MARK = 'fd@';
/** The first descriptor that can be a passed socket: 0 to 2 are standard input, output and error. */
const FIRST = 3;

/** Environment variables by which systemd describes the sockets that it passes (sd_listen_fds(3)). */
export interface ListenVariables {
  readonly LISTEN_PID?: string | undefined;
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_FDNAMES?: string | undefined;
}

/** @returns the number or name in an address of the form `fd@...`; `undefined` for any other address */
export function passedSocketOf(address: string): string | undefined {
  return address.startsWith(MARK) ? address.slice(MARK.length) : undefined;
}

/** @returns why there can be no passed socket of this number or name, as a clause; `undefined` if there can */
export function passedSocketProblem(which: string): string | undefined {
  if (/^\d+$/.test(which)) return Number(which) < FIRST ? `names a descriptor below ${FIRST}` : undefined;
  // systemd.socket(5), FileDescriptorName=.
  const isName = /^[\x21-\x39\x3b-\x7e]{1,255}$/.test(which);
  return isName
    ? undefined
    : 'does not name a socket; write fd@3, or fd@NAME with the FileDescriptorName of the socket unit';
}

/**
 * @param which the number or name that {@link passedSocketOf} returned
 * @param pid id of this process; the variables may be meant for another one
 * @returns the descriptor, or a clause that says why there is none
 */
export function descriptorOf(which: string, variables: ListenVariables, pid: number): number | string {
  const { LISTEN_PID: meant, LISTEN_FDS: fds = '0', LISTEN_FDNAMES: names = '' } = variables;
  // Without systemd, a program can be started with a socket on a known descriptor and none of these variables.
  if (meant === undefined && /^\d+$/.test(which)) return Number(which);
  if (meant === undefined) return 'no socket was passed (LISTEN_FDS is not set); is its socket unit started?';
  if (meant !== String(pid)) return `the sockets were passed to process ${meant}, and this is ${pid}`;
  const count = /^\d{1,4}$/.test(fds) ? Number(fds) : 0;
  const listed = names.split(':').slice(0, count);
  const found = /^\d+$/.test(which) ? [Number(which) - FIRST] : indexesOf(which, listed);
  const [index = -1, ...others] = found;
  if (others.length > 0) return `${found.length} sockets have that name; write their numbers, from fd@${FIRST + index}`;
  if (index >= 0 && index < count) return FIRST + index;
  const passed = listed.length === 0 || names === '' ? count : `"${listed.join('", "')}"`;
  return `it is not among the passed sockets (${passed})`;
}

function indexesOf(name: string, names: readonly string[]): readonly number[] {
  return names.flatMap((each, index) => (each === name ? [index] : []));
}
