import { expect } from 'chai';
import { formatAddress, parseAddress } from '../../src/core/address.js';

describe('An address', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['10.0.0.255:65535', '10.0.0.255', 65_535],
    ['localhost:8080', 'localhost', 8_080],
    ['API.Example.COM:443', 'api.example.com', 443],
    ['name.with.root.:1', 'name.with.root.', 1],
    ['web_1:3000', 'web_1', 3_000],
    ['1web.example:80', '1web.example', 80],
    ['[::1]:80', '::1', 80],
    ['[2001:DB8:0:0::1]:80', '2001:db8::1', 80],
    ['[0:0:0:0:0:0:0:1]:80', '::1', 80],
    ['[::ffff:10.0.0.1]:80', '::ffff:10.0.0.1', 80],
    ['[FE80::1%Eth0]:80', 'fe80::1%Eth0', 80],
    ['a:007', 'a', 7],
  ] as const) {
    it(`is read from ${text}`, () => {
      expect(parseAddress(text, 1)).to.deep.equal({ host, port });
    });
  }

  for (const [text, problem] of [
    ['', 'has no port; write host:port'],
    ['localhost', 'has no port; write host:port'],
    ['localhost:', 'has no port after the colon'],
    ['a:0', 'has port "0"; a port is a number from 1 to 65535'],
    ['a:65536', 'has port "65536"; a port is a number from 1 to 65535'],
    ['a:100000', 'has port "100000"; a port is a number from 1 to 65535'],
    ['a:-1', 'has port "-1"; a port is a number from 1 to 65535'],
    ['a:80x', 'has port "80x"; a port is a number from 1 to 65535'],
    ['a: 80', 'has port " 80"; a port is a number from 1 to 65535'],
    ['http://a', 'has port "//a"; a port is a number from 1 to 65535'],
    [':80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['::1:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['[]:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['[127.0.0.1]:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['[::1:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['256.0.0.1:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['10.0.1:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['010.0.0.1:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['a b:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['a/b:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['user@a:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['a..b:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['-a:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    ['a\r\nb:80', 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    [`${'a'.repeat(64)}:80`, 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
    [`${'a.'.repeat(127)}:80`, undefined],
    [`${'a.'.repeat(127)}a:80`, 'has no valid host; write 10.0.0.1:80, [::1]:80 or name:80'],
  ] as const) {
    const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
    if (problem === undefined) {
      it(`may be as long as a name may be: ${shown}`, () => {
        expect(parseAddress(text, 1)).to.be.an('object');
      });
    } else {
      it(`is refused, and why is said, from ${shown}`, () => {
        expect(parseAddress(text, 1)).to.equal(problem);
      });
    }
  }

  it('may have port 0 only where something listens', () => {
    expect(parseAddress('a:0', 0)).to.deep.equal({ host: 'a', port: 0 });
  });

  for (const text of ['127.0.0.1:80', '[::1]:80', '[fe80::1%Eth0]:80', 'name.example:443']) {
    it(`is written as it was read: ${text}`, () => {
      const address = parseAddress(text, 1);
      expect(typeof address === 'string' ? address : formatAddress(address)).to.equal(text);
    });
  }
});
