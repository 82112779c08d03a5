/**
 * config/listeners.ts: where clients connect. Each listener has a name, by which it is known to a reload, to workers
 * and to operators even when its port is chosen by the system.
 */
import * as z from 'zod';
import { firstOverlap } from './overlap.js';
import { listenAddress } from './values.js';

const listenerName = z
  .string()
  .regex(/^[\x21-\x7e]{1,300}$/, { error: 'must be one word of visible ASCII characters, 300 at most' });

const listener = z.strictObject({
  name: listenerName
    .optional()
    .describe('What the listener is called, in a reload and in the API; its `address` unless given.'),
  address: listenAddress.describe(
    '`host:port`; host `0.0.0.0` or `[::]` is every interface. `fd@NAME` or `fd@3` is a socket that systemd has passed on.',
  ),
});

/** A listener with its settings, as every part of the program knows it. */
export const listenerSchema = listener.required({ name: true });
export type ListenerConfig = z.output<typeof listenerSchema>;

export const listeners = z
  .array(listener)
  .min(1, { error: 'needs at least one listener' })
  .superRefine((list, context) => {
    const clash = firstOverlap(list.map(({ address }) => address));
    if (clash === undefined) return;
    const [address, earlier] = clash;
    const message = address === earlier ? `"${address}" is listed twice` : `"${address}" overlaps "${earlier}"`;
    const index = list.findLastIndex((each) => each.address === address);
    context.addIssue({ code: 'custom', path: [index, 'address'], message });
  })
  .transform(named)
  .superRefine((list, context) => {
    for (const [index, { name }] of list.entries()) {
      const earlier = list.findIndex((other) => other.name === name);
      if (earlier === index) continue;
      const message = `the name "${name}" is used by ${list[earlier]?.address} already; every listener has its own`;
      context.addIssue({ code: 'custom', path: [index, 'name'], message });
    }
  })
  .prefault([{ address: '0.0.0.0:8080' }])
  .describe('Where clients connect.');

/** Names each listener that has no name by its address; port 0 may be listed several times, so those are numbered. */
function named(list: readonly z.output<typeof listener>[]): ListenerConfig[] {
  return list.map(({ name, ...settings }, index) => {
    const { address } = settings;
    const before = list.slice(0, index).filter((other) => other.name === undefined && other.address === address).length;
    return { ...settings, name: name ?? (before === 0 ? address : `${address}#${before + 1}`) };
  });
}
