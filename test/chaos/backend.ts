/** test/chaos/backend.ts: a backend that does with each request what the plan has for it. */
import { type RawBackend, startRawBackend } from '../support/backend.js';
import { field, type Message } from '../support/message.js';
import type { Peer } from '../support/peer.js';
import { ChaoticAnswer } from './behaviours.js';
import type { Journal } from './journal.js';
import { type RequestPlan, requestBody } from './plan.js';

/** @param name one letter; shows in every byte it answers */
export function startChaoticBackend(name: string, journal: Journal): Promise<RawBackend> {
  return startRawBackend(async (peer) => {
    while (await serveOne(peer, name, journal));
  });
}

/** @returns whether the connection goes on */
async function serveOne(peer: Peer, name: string, journal: Journal): Promise<boolean> {
  const head = await peer.through('\r\n\r\n');
  const id = head.split(' ', 2)[1]?.slice(1) ?? '';
  const plan = journal.request(id);
  if (plan === undefined) {
    journal.violated(id, `backend ${name} got what nobody sent: ${JSON.stringify(head)}`);
    peer.reset();
    return false;
  }
  const behaviour = plan.behaviours[journal.delivered(id)] ?? 'length';
  const answer = new ChaoticAnswer(peer, plan, name);
  if (!(await answer.atHead(behaviour))) return false;
  // The head goes back, to be read together with its body.
  peer.text = head + peer.text;
  checkRequest(await peer.message(), plan, journal);
  return answer.atEnd(behaviour);
}

function checkRequest(message: Message, plan: RequestPlan, journal: Journal): void {
  if (message.body !== requestBody(plan)) journal.violated(plan.id, 'its body arrived changed');
  if (field(message, 'x-id') !== plan.id) journal.violated(plan.id, 'it arrived with another head');
}
