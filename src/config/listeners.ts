/**
 * config/listeners.ts: the part of schema.ts about listeners. Each has a name, by which reloads, workers and operators
 * identify it, even if the system chooses its port.
 */
import * as z from 'zod';
import { firstOverlap } from './overlap.js';
import { listenAddress } from './values.js';

const listenerName = z
  .string()
  .regex(/^[\x21-\x7e]{1,300}$/, { error: 'must be one word of visible ASCII characters, 300 at most' });

const listener = z.strictObject({
  name: listenerName.optional().describe('Name of the listener in reloads and in the API; its `address` by default.'),
  address: listenAddress.describe(
    '`host:port`; host `0.0.0.0` or `[::]` means every interface. `fd@NAME` or `fd@3` is a socket that systemd passes.',
  ),
});

/** A listener with its settings and its name, after defaults are filled in. */
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
  .describe('The addresses that clients connect to.');

/** Gives each listener without a name its address as the name; a repeated one (port 0) gets a number: `0.0.0.0:0#2`. */
function named(list: readonly z.output<typeof listener>[]): ListenerConfig[] {
  return list.map(({ name, ...settings }, index) => {
    const { address } = settings;
    const before = list.slice(0, index).filter((other) => other.name === undefined && other.address === address).length;
    return { ...settings, name: name ?? (before === 0 ? address : `${address}#${before + 1}`) };
  });
}
