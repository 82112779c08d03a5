/** bench/peers/peer.ts: what the Node programs of the bench share: their arguments, and that they end with the bench. */

export interface PeerArguments {
  readonly port: number;
  /** `host:port` of each backend. */
  readonly backends: readonly string[];
}

/** Reads `PORT BACKEND...` from the command line, and ends the process once whoever started it is gone. */
export function peerArguments(): PeerArguments {
  process.stdin.on('end', () => process.exit(0)).resume();
  const [port, ...backends] = process.argv.slice(2);
  return { port: Number(port), backends };
}

/** @returns a function that gives one of `items` after the other, for ever */
export function inTurn<T>(items: readonly T[]): () => T {
  let next = 0;
  return () => {
    const item = items[next];
    if (item === undefined) throw new RangeError('there is nothing to take turns with');
    next = (next + 1) % items.length;
    return item;
  };
}
