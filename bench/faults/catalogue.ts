/** bench/faults/catalogue.ts: every fault, in the order in which they are tried. */
import type { Mode } from './backend-modes.js';
import { type Fault, type FaultContext, NOTHING_TO_UNDO, type Undo } from './fault.js';

const SLOW_MS = 500;
const FLAP_MS = 1_000;
const RELOAD_EVERY_MS = 500;

/** Defaults of a fault of one backend: another backend could serve every request that fails there. */
const ONE_BACKEND = {
  victims: 'one',
  shunned: true,
  promised: true,
  beforeMs: 2_000,
  faultMs: 6_000,
  afterMs: 8_000,
} as const;
/** Defaults of a fault outside the backends, of which clients should notice nothing. */
const NO_BACKEND = { ...ONE_BACKEND, victims: 'none', shunned: false } as const;
/** Defaults of an overload of the proxy itself. */
const SATURATION = {
  ...NO_BACKEND,
  promised: false,
  beforeMs: 1_000,
  faultMs: 5_000,
  afterMs: 3_000,
  play: async () => NOTHING_TO_UNDO,
} as const;

export const FAULTS: readonly Fault[] = [
  {
    ...ONE_BACKEND,
    name: 'killed',
    summary: 'one backend ends by SIGKILL and is started again',
    play: async ({ victim }) => {
      victim.signal('SIGKILL');
      return () => victim.start();
    },
  },
  {
    ...ONE_BACKEND,
    name: 'refusing',
    summary: 'one backend stops listening, finishes what it has, and listens again',
    play: become({ mode: 'refuse' }),
  },
  {
    ...ONE_BACKEND,
    name: 'hung',
    summary: 'one backend is stopped (SIGSTOP), connections to it still open, and it goes on (SIGCONT)',
    play: async ({ victim }) => {
      victim.signal('SIGSTOP');
      return async () => victim.signal('SIGCONT');
    },
  },
  {
    ...ONE_BACKEND,
    name: 'mute',
    summary: 'one backend answers no request, though its health checks pass',
    // An ejection lasts ten seconds at least, and begins when the first requests have waited for long enough.
    afterMs: 12_000,
    play: become({ mode: 'mute' }),
  },
  {
    ...ONE_BACKEND,
    name: 'slow',
    summary: `one backend takes ${SLOW_MS} ms longer for everything, health checks as well`,
    play: become({ mode: 'slow', byMs: SLOW_MS }),
  },
  {
    ...ONE_BACKEND,
    name: 'flapping',
    summary: 'one backend stops listening for a second, every other second',
    shunned: false,
    play: flap,
  },
  {
    ...ONE_BACKEND,
    name: 'failing',
    summary: 'one backend answers every request 500 at once, though its health checks pass',
    play: become({ mode: 'fail' }),
  },
  {
    ...ONE_BACKEND,
    name: 'cutting',
    summary: 'one backend resets the connection in the middle of every response, though its health checks pass',
    play: become({ mode: 'cut' }),
  },
  {
    ...ONE_BACKEND,
    name: 'all-down',
    summary: 'all backends end by SIGKILL and are started again',
    victims: 'all',
    promised: false,
    faultMs: 4_000,
    play: async ({ backends }) => {
      for (const backend of backends) backend.signal('SIGKILL');
      return async () => void (await Promise.all(backends.map((backend) => backend.start())));
    },
  },
  {
    ...NO_BACKEND,
    name: 'worker-killed',
    summary: 'one worker of the proxy ends by SIGKILL; what it had in flight is lost with it',
    promised: false,
    afterMs: 0,
    needs: 'workerPid',
    play: async (stage) => {
      await signalWorker(stage, 'SIGKILL');
      return NOTHING_TO_UNDO;
    },
  },
  {
    ...NO_BACKEND,
    name: 'worker-hung',
    summary: 'one worker of the proxy is stopped (SIGSTOP) and, if it is still there, goes on (SIGCONT)',
    promised: false,
    // Longer than the 10 s of silence after which Roundhouse replaces a worker.
    faultMs: 14_000,
    afterMs: 4_000,
    needs: 'workerPid',
    play: async (stage) => {
      const pid = await signalWorker(stage, 'SIGSTOP');
      return async () => void tryKill(pid, 'SIGCONT');
    },
  },
  {
    ...NO_BACKEND,
    name: 'rolling',
    summary: 'every worker of the proxy is replaced (SIGUSR2; nginx: SIGHUP)',
    afterMs: 0,
    needs: 'replaceWorkers',
    play: async ({ product }) => {
      await product.replaceWorkers?.();
      return NOTHING_TO_UNDO;
    },
  },
  {
    ...NO_BACKEND,
    name: 'reloaded',
    summary: 'the configuration is read again twice a second, each time with another weight of one backend',
    afterMs: 2_000,
    needs: 'reload',
    play: reloadAgainAndAgain,
  },
  {
    ...ONE_BACKEND,
    name: 'drained',
    summary: 'an operator drains one backend and takes it back (nginx: edits its file and reloads)',
    faultMs: 4_000,
    afterMs: 4_000,
    needs: 'drain',
    play: async ({ product, victim }) => {
      await product.drain?.(victim.address);
      return async () => product.undrain?.(victim.address);
    },
  },
  {
    ...ONE_BACKEND,
    name: 'moved',
    summary: "one backend's name is given another address (TTL 1 s), and has its own again later; all go on serving",
    faultMs: 8_000,
    named: true,
    play: async ({ moveName }) => {
      if (moveName === undefined) throw new Error('the backends have no names');
      return moveName();
    },
  },
  {
    ...NO_BACKEND,
    name: 'overload',
    summary: 'twice as many requests as the backends can serve, which the proxy is told to give so many at a time',
    promised: false,
    afterMs: 4_000,
    overload: { calm: 0.5, offered: 2, bottleneck: 'backends', connections: 64, mostConnections: 4_000 },
    play: async () => NOTHING_TO_UNDO,
  },
  {
    ...SATURATION,
    name: 'saturated',
    summary: 'twice as many requests as the proxy can forward with a small share of one core, on 500 kept connections',
    overload: { calm: 0.5, offered: 2, bottleneck: 'proxy', connections: 500, mostConnections: 500 },
  },
  {
    ...SATURATION,
    name: 'flooded',
    summary: 'the same from clients that open a connection when no kept one is idle, each of which waits for a second',
    overload: { calm: 0.5, offered: 2, bottleneck: 'proxy', connections: 64, mostConnections: 8_000 },
  },
];

function become(mode: Mode): Fault['play'] {
  return async ({ victim }) => {
    await victim.tell(mode);
    return () => victim.tell({ mode: 'serve' });
  };
}

async function signalWorker({ product }: FaultContext, signal: NodeJS.Signals): Promise<number> {
  const pid = await product.workerPid?.();
  if (pid === undefined) throw new Error('the product has no workers');
  process.kill(pid, signal);
  return pid;
}

/** Signals a process that may have ended already. */
function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}

async function reloadAgainAndAgain({ product }: FaultContext): Promise<Undo> {
  let [weight, change] = [1, Promise.resolve()];
  const turn = (): void => {
    weight = 3 - weight;
    change = change.then(() => product.reload?.(weight));
  };
  turn();
  const timer = setInterval(turn, RELOAD_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await change;
  };
}

async function flap({ victim }: FaultContext): Promise<Undo> {
  let [refuses, change] = [false, Promise.resolve()];
  const turn = (): void => {
    refuses = !refuses;
    change = change.then(() => victim.tell({ mode: refuses ? 'refuse' : 'serve' }));
  };
  turn();
  const timer = setInterval(turn, FLAP_MS);
  return async () => {
    clearInterval(timer);
    await change;
    await victim.tell({ mode: 'serve' });
  };
}
