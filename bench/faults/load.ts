/**
 * bench/faults/load.ts: `node load.js ORDER`, a load generator that hides no stall. Requests come at the times that
 * were set before anything went wrong, on whichever kept connection is idle, and on a new one when none is: a client
 * that waits keeps no other from asking, as it would with a fixed number of clients that each ask when they were
 * answered ("coordinated omission": Tene, "How NOT to Measure Latency", 2013).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientConnection } from './client-connection.js';
import { machineMs } from './clock.js';
import { type LoadOrder, loadOrderSchema } from './load-order.js';
import { encodeRecords, type RequestRecord } from './record.js';

const TICK_MS = 1;
/** Connections are opened this long before the first request is due. */
const HEAD_START_MS = 200;

class Load {
  readonly #order: LoadOrder;
  readonly #idle: ClientConnection[] = [];
  readonly #open = new Set<ClientConnection>();
  readonly #records: RequestRecord[] = [];
  #asked = 0;

  constructor(order: LoadOrder) {
    this.#order = order;
  }

  async run(): Promise<readonly RequestRecord[]> {
    for (let i = 0; i < this.#order.connections; i++) this.#idle.push(this.#connect());
    await sleep(HEAD_START_MS);
    let dueMs = machineMs();
    console.log(JSON.stringify({ begunMs: dueMs }));
    for (const { rate, forMs } of this.#order.phases) {
      const endMs = dueMs + forMs;
      for (; dueMs < endMs; dueMs += 1_000 / rate) {
        while (machineMs() < dueMs) await sleep(TICK_MS);
        this.#ask(dueMs);
      }
    }
    const patientUntilMs = machineMs() + this.#order.patienceMs;
    while (this.#records.length < this.#asked && machineMs() < patientUntilMs + TICK_MS) await sleep(TICK_MS);
    for (const connection of this.#open) connection.giveUp();
    return this.#records;
  }

  #ask(dueMs: number): void {
    this.#asked += 1;
    const method = this.#asked % this.#order.postEvery === 0 ? 'POST' : 'GET';
    const connection = this.#idle.shift() ?? this.#another();
    if (connection !== undefined) return connection.ask({ method, dueMs, id: this.#asked });
    const none = { firstByteMs: null, ending: 'no-answer', status: 0, backend: '' } as const;
    this.#records.push({ method, dueMs, endMs: dueMs, ...none });
  }

  #another(): ClientConnection | undefined {
    return this.#open.size < this.#order.mostConnections ? this.#connect() : undefined;
  }

  #connect(): ClientConnection {
    const connection: ClientConnection = new ClientConnection(this.#order, {
      onRecord: (record) => void this.#records.push(record),
      onIdle: () => void this.#idle.push(connection),
      onGone: () => {
        this.#open.delete(connection);
        const at = this.#idle.indexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
      },
    });
    this.#open.add(connection);
    return connection;
  }
}

// Whoever started this is gone.
process.stdin.on('end', () => process.exit(0)).resume();
const order = loadOrderSchema.parse(JSON.parse(process.argv[2] ?? ''));
const records = await new Load(order).run();
process.stdout.write(encodeRecords(records), () => process.exit(0));
