/** commands/demo/describe.ts: collects what the demo shows from the balancer, the sample backends and the traffic. */
import type { RunningBalancer } from '../../control/balancer.js';
import type { BackendView } from '../../control/view.js';
import { backendState } from '../backend-state.js';
import { type Fleet, type FleetMember, restartCommand } from '../sample-fleet.js';
import type { Hint, Page, PageRow } from './page.js';
import type { Traffic } from './traffic.js';

export function describePage(fleet: Fleet, balancer: RunningBalancer, traffic: Traffic): Page {
  const { pools, workers } = balancer.view();
  const backends = pools.flatMap((pool) => pool.backends);
  return {
    url: `${schemeOf(balancer)}://${balancer.addresses[0]}`,
    adminUrl: `http://${balancer.adminAddress}`,
    workers: workers.length,
    rows: backends.flatMap((backend): readonly PageRow[] => {
      const member = fleet.members.find(({ address }) => address === backend.id);
      return member === undefined ? [] : [rowOf(backend, member, traffic)];
    }),
    counts: traffic.counts,
  };
}

/** The scheme of the balancer's URL. */
export function schemeOf({ config }: RunningBalancer): 'http' | 'https' {
  return config.listeners[0]?.tls === undefined ? 'http' : 'https';
}

/** @returns hints that kill and restart the second backend, whose traffic the others take */
export function hintsFor({ url, rows }: Page, fleet: Fleet): readonly Hint[] {
  const index = Math.min(1, fleet.members.length - 1);
  const victim = fleet.members[index];
  // Nobody else has signed the certificate of a demo.
  const curl = url.startsWith('https') ? 'curl -k' : 'curl';
  const asked: Hint = { command: `${curl} ${url}`, effect: 'see which backend answers' };
  if (victim === undefined) return [asked];
  const back: Hint = { command: restartCommand(victim), effect: 'it comes back' };
  const pid = rows[index]?.pid;
  if (pid === undefined) return [asked, back];
  return [asked, { command: `kill -9 ${pid}`, effect: `${victim.address} dies, traffic moves` }, back];
}

function rowOf(backend: BackendView, member: FleetMember, traffic: Traffic): PageRow {
  const pid = traffic.pidOf(member.id) ?? member.pid;
  return {
    address: member.address,
    pid: isAlive(pid) ? pid : undefined,
    state: backendState(backend, Date.now()),
    requests: backend.requests,
    requestsPerSecond: backend.requestsPerSecond,
    inflight: backend.inflight,
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
