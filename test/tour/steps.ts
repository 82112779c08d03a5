/** test/tour/steps.ts: the tour, in order: what is told, what is typed, and what has to come of it. */

/** One thing that a person does, or that happens. */
export type Step =
  /** What is told between commands, in Markdown. */
  | { readonly tell: string }
  /** A command, and what its output has to hold. @param code how it has to end; 0 unless given */
  | { readonly type: string; readonly shows: RegExp; readonly code?: number }
  /** The balancer is started in the background. */
  | { readonly start: string; readonly logs: RegExp }
  /** Its log, up to the line that matches. */
  | { readonly logs: RegExp }
  /** The server on this port ends. */
  | { readonly kill: number }
  /** Until a command shows that; what it shows meanwhile is not told. */
  | { readonly wait: string; readonly shows: RegExp }
  /** The balancer has ended with 0. */
  | { readonly ended: true };

/** A connection for each request, so that both workers have some. */
const ASK = 'for i in {1..12}; do curl -s http://127.0.0.1:8080/; done | sort | uniq -c';

export const STEPS: readonly Step[] = [
  { tell: '## Start\n\nThree small servers answer with their port. Two of them are in the configuration:' },
  {
    type: `cat > lb.yaml <<'END'
listeners:
  - address: 127.0.0.1:8080
pools:
  web:
    policy: round-robin
    backends:
      - address: 127.0.0.1:3001
      - address: 127.0.0.1:3002
    healthCheck: { path: /health, interval: 1s, fall: 1 }
END`,
    shows: /^$/,
  },
  { type: 'roundhouse check -c lb.yaml | head -5', shows: /^listeners:/ },
  { tell: '`check` prints what the file comes to, with every default; here are its first lines. Then it runs:' },
  { start: 'roundhouse -c lb.yaml --workers 2', logs: /listening/ },
  { type: ASK, shows: /3001\n.*3002\n$/ },
  { tell: '## Look\n\nFrom another terminal, or with `--json` for a script:' },
  { wait: 'roundhouse status', shows: /3001 .* [4-8] +0 .* up/ },
  { type: 'roundhouse status', shows: /Pool web, round-robin/ },
  { type: 'roundhouse workers', shows: /listening/ },
  { tell: '## Add a backend\n\nIt is probed at once, and every worker knows it a moment later.' },
  { type: 'roundhouse add 127.0.0.1:3003', shows: /3003/ },
  { logs: /127\.0\.0\.1:3003.*(up|HTTP 200)/ },
  { type: ASK, shows: /3001\n.*3002\n.*3003\n$/ },
  { tell: '## Drain one\n\nNo new requests for it; `--wait` returns when the last one is finished.' },
  { type: 'roundhouse drain 127.0.0.1:3001 --wait', shows: /nothing in flight any more/ },
  { type: ASK, shows: /^.*3002\n.*3003\n$/ },
  { type: 'roundhouse enable 127.0.0.1:3001', shows: /3001/ },
  { logs: /admin=enabled/ },
  {
    tell: '## Lose one\n\nThe server on port 3002 is killed. Its clients notice nothing: what it refuses goes elsewhere.',
  },
  { kill: 3002 },
  { type: ASK, shows: /^.*12 hello from 3003\n$|3001\n.*3003\n$/ },
  { wait: 'roundhouse status', shows: /3002.*down/ },
  { type: 'roundhouse status', shows: /3002.*down/ },
  { logs: /backend is down/ },
  {
    tell: '## Reload\n\nThe lost server is taken out of the file and another weight given. `diff` says what that would do, `reload` does it (as SIGHUP would, or `--watch`). Only the difference is applied; what an operator has added meanwhile stays.',
  },
  {
    type: "sed -i '/3002/d; s/address: 127.0.0.1:3001/{ address: 127.0.0.1:3001, weight: 3 }/' lb.yaml && grep -A2 backends lb.yaml",
    shows: /weight: 3/,
  },
  { type: 'roundhouse diff -c lb.yaml', shows: /weight/ },
  { type: 'roundhouse reload', shows: /3002/ },
  { logs: /configuration reloaded/ },
  { type: 'roundhouse status', shows: /3001 +3 / },
  { tell: '## Measure\n\nPrometheus reads this:' },
  {
    type: "curl -s http://127.0.0.1:9901/metrics | grep -E '^roundhouse_(requests_total.*2xx|backend_up|request_duration_seconds_count)'",
    shows: /roundhouse_requests_total/,
  },
  { tell: '## Break it\n\nA typing error never reaches what runs. `check` says where it is and what was meant:' },
  {
    type: "sed -i 's/policy/polcy/; s/interval: 1s/interval: 1/' lb.yaml; roundhouse check -c lb.yaml",
    shows: /did you mean "policy"/,
    code: 1,
  },
  { type: 'roundhouse reload', shows: /did you mean "policy"/, code: 1 },
  { logs: /the old one stays/ },
  { type: ASK, shows: /hello/ },
  { tell: '## Replace the workers\n\nOne by one, the replacement first; no connection is refused.' },
  { type: 'roundhouse roll', shows: /./ },
  { logs: /workers replaced/ },
  { tell: '## Stop\n\nNothing new is accepted, and what is in flight finishes.' },
  { type: 'kill -TERM %1', shows: /^$/ },
  { logs: /stopped/ },
  { ended: true },
];
