/**
 * core/passed-socket.ts: listening sockets that somebody else has bound and passed on, written `fd@3` or `fd@NAME` as in
 * HAProxy's `bind`. systemd passes them from descriptor 3 on, and names them (sd_listen_fds(3)).
 */

const MARK = 'fd@';
/** After standard input, output and error. */
const FIRST = 3;

/** What systemd says of the sockets that it has passed. */
export interface ListenVariables {
  readonly LISTEN_PID?: string | undefined;
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_FDNAMES?: string | undefined;
}

/** @returns the number or name behind `fd@`; `undefined` for another kind of address */
export function passedSocketOf(address: string): string | undefined {
  return address.startsWith(MARK) ? address.slice(MARK.length) : undefined;
}

/** @returns one plain clause when there can be no such socket */
export function passedSocketProblem(which: string): string | undefined {
  if (/^\d+$/.test(which)) return Number(which) < FIRST ? `names a descriptor below ${FIRST}` : undefined;
  // systemd.socket(5), FileDescriptorName=.
  const isName = /^[\x21-\x39\x3b-\x7e]{1,255}$/.test(which);
  return isName ? undefined : 'names no socket; write fd@3, or fd@NAME with the FileDescriptorName of the socket unit';
}

/**
 * @param which what {@link passedSocketOf} returned
 * @param pid of this process: the variables may have been meant for another
 * @returns the descriptor, or one plain clause that says why there is none
 */
export function descriptorOf(which: string, variables: ListenVariables, pid: number): number | string {
  const { LISTEN_PID: meant, LISTEN_FDS: fds = '0', LISTEN_FDNAMES: names = '' } = variables;
  // Whoever starts programs by hand may pass a socket without all that, and knows its number.
  if (meant === undefined && /^\d+$/.test(which)) return Number(which);
  if (meant === undefined) return 'no socket was passed (LISTEN_FDS is not set); is its socket unit started?';
  if (meant !== String(pid)) return `the sockets were passed to process ${meant}, and this is ${pid}`;
  const count = /^\d{1,4}$/.test(fds) ? Number(fds) : 0;
  const listed = names.split(':').slice(0, count);
  const found = /^\d+$/.test(which) ? [Number(which) - FIRST] : indexesOf(which, listed);
  const [index = -1, ...others] = found;
  if (others.length > 0) return `${found.length} sockets have that name; write their numbers, from fd@${FIRST + index}`;
  if (index >= 0 && index < count) return FIRST + index;
  return `it is none of the ${count} that were passed${names === '' ? '' : ` ("${listed.join('", "')}")`}`;
}

function indexesOf(name: string, names: readonly string[]): readonly number[] {
  return names.flatMap((each, index) => (each === name ? [index] : []));
}
