/** Host: there once, and a host with an optional port (RFC 9112 3.2, RFC 9110 7.2). */
import { ANY_ERROR, forwarded, forwardedOnce, HOST, head, mustRefuse, PATH, repaired } from '../bytes.js';
import type { Case, Topic } from '../case.js';

const RULE = 'RFC 9112 3.2';

function bad(id: string, title: string, ...fields: readonly string[]): Case {
  return { id: `host/${id}`, title, rfc: RULE, send: [head(`GET ${PATH} HTTP/1.1`, ...fields)], safe: mustRefuse(400) };
}

/** Not a host that anybody uses, but no two readers frame the message differently either. */
function odd(id: string, title: string, value: string): Case {
  const refused = bad(id, title, `Host: ${value}`);
  return { ...refused, safe: [...refused.safe, forwarded({ has: [`Host: ${value}`] }), ...repaired()] };
}

function good(id: string, title: string, value: string): Case {
  return {
    ...bad(id, title, `Host: ${value}`),
    safe: [forwarded({ has: [`Host: ${value}`], exact: true }), forwarded({})],
  };
}

export const HOSTS: Topic = {
  name: 'Host',
  about: 'safety',
  side: 'request',
  cases: [
    good('name', 'A name goes on as it is', 'Site.TEST'),
    good('port', 'A name with a port goes on', 'site.test:8080'),
    good('ipv4', 'An IPv4 address goes on', '192.0.2.1:80'),
    good('final-dot', 'A name with a dot at its end goes on', 'site.test.'),
    good('longest-label', 'A label of 63 characters goes on', `${'a'.repeat(63)}.test`),
    good('longest-name', 'A name of 253 characters and a dot goes on', `${'a.'.repeat(124)}sites.:80`),
    good('ipv6', 'An IPv6 address in brackets goes on', '[2001:db8::1]:80'),
    { ...bad('missing', 'An HTTP/1.1 request without a Host is refused'), about: 'rules' },
    bad('repeated', 'Two Hosts are refused', HOST, 'Host: evil.test'),
    {
      ...bad('repeated-same', 'The same Host twice is refused', HOST, HOST),
      safe: [...mustRefuse(400), ...repaired()],
    },
    bad(
      'repeated-apart',
      'Two Hosts are refused in any case and wherever they stand',
      HOST,
      'X-A: 1',
      'hOST: evil.test',
    ),
    bad('repeated-empty', 'An empty Host beside another is refused', HOST, 'Host:'),
    odd('empty', 'An empty Host is refused: no http URL has one', ''),
    odd('list', 'Two names in one Host are refused', 'site.test, evil.test'),
    odd('space', 'A space in a Host is refused', 'site.test evil.test'),
    odd('path', 'A path in a Host is refused', 'site.test/evil'),
    odd('user-info', 'User information in a Host is refused', 'user@site.test'),
    odd('fragment', 'A fragment in a Host is refused', 'site.test#evil'),
    odd('port-word', 'A port that is no number is refused', 'site.test:http'),
    odd('port-large', 'A port beyond 65535 is refused', 'site.test:65536'),
    odd('port-twice', 'Two ports are refused', 'site.test:80:81'),
    odd('ipv6-open', 'A bracket that does not close is refused', '[2001:db8::1'),
    odd('ipv6-behind', 'Something behind the bracket is refused', '[2001:db8::1]evil'),
    odd('ipv6-bare', 'An IPv6 address without brackets is refused', '2001:db8::1'),
    odd('percent', 'An encoded character in a Host is refused', 'site%2etest'),
    odd('obs-text', 'A byte above ASCII in a Host is refused', 'site\xe4.test'),
    odd('markup', 'Markup in a Host is refused', 'site.test"><script>'),
    odd('long-label', 'A label of more than 63 characters is refused', `${'a'.repeat(64)}.test`),
    odd('long-last-label', 'A last label of more than 63 characters is refused', `site.${'a'.repeat(64)}`),
    odd('long-name', 'A name of more than 253 characters is refused', `${'a.'.repeat(124)}sites1`),
    odd('empty-label', 'An empty label is refused', 'a..site.test'),
    odd('first-dot', 'A dot at the beginning of a Host is refused', '.site.test'),
    odd('two-final-dots', 'Two dots at the end of a Host are refused', 'site.test..'),
    {
      ...odd('absolute-long-name', 'A URL with a name of more than 253 characters is refused', 'site.test'),
      send: [head(`GET http://${'a.'.repeat(124)}sites1${PATH} HTTP/1.1`, HOST)],
      safe: [...mustRefuse(400), forwarded({}), ...repaired()],
    },
    bad('nul', 'A NUL in a Host is refused', 'Host: site.test\0evil'),
    bad('space-before-colon', 'A Host with a space before its colon is no Host', 'Host : site.test'),
    {
      ...bad('absolute-without-host', 'A URL as target does not replace the field'),
      about: 'rules',
      send: [head(`GET http://site.test${PATH} HTTP/1.1`)],
      safe: [...mustRefuse(400), forwarded({ has: [HOST] })],
    },
    {
      ...bad(
        'in-connection',
        'A client cannot have the Host removed by naming it in Connection',
        HOST,
        'Connection: Host',
      ),
      safe: [forwarded({ has: [HOST] }), ANY_ERROR],
    },
    {
      ...bad('http10-missing', 'HTTP/1.0 needs no Host; the backend gets one all the same'),
      send: [head(`GET ${PATH} HTTP/1.0`)],
      safe: [forwardedOnce({ line: `GET ${PATH} HTTP/1.1` }), forwardedOnce({}), ANY_ERROR],
    },
  ],
};
