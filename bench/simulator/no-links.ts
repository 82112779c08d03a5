/** simulator/no-links.ts: the connections to backends that a simulated worker has: none, as it sends nothing. */
import type { BackendLinks } from '../../workers/backend-links.js';

export const NO_LINKS: BackendLinks = {
  hasRoom: false,
  open: () => undefined,
  forget: () => {},
  closeIdle: () => {},
  closeOldestIdle: () => false,
};
