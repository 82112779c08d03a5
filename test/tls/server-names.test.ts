import { expect } from 'chai';
import { ServerNames } from '../../src/tls/server-names.js';

const rsa = (...names: readonly string[]) => ({ names, keyType: 'rsa' });
const ec = (...names: readonly string[]) => ({ names, keyType: 'ec' });

describe('The certificates for a server name', () => {
  const names = new ServerNames([
    rsa('example.com', 'www.example.com'),
    ec('example.com'),
    rsa('*.example.com', '10.0.0.1'),
    rsa('example.com'),
    ec('other.example'),
  ]);

  it('are those with exactly this name, one of each kind of key', () => {
    expect(names.find('example.com')).to.deep.equal([0, 1]);
    expect(names.find('www.example.com')).to.deep.equal([0]);
    expect(names.find('EXAMPLE.com.')).to.deep.equal([0, 1]);
  });

  it('or else those with a wildcard, which stands for one label', () => {
    expect(names.find('api.example.com')).to.deep.equal([2]);
    expect(names.find('a.api.example.com')).to.deep.equal(names.fallback);
  });

  it('or else the first, with those of other kinds for its first name', () => {
    expect(names.find('unknown.test')).to.deep.equal([0, 1]);
    expect(names.find('')).to.deep.equal([0, 1]);
  });

  it('may be for an IP address', () => {
    expect(names.find('10.0.0.1')).to.deep.equal([2]);
  });

  it('differ only where the name that is asked for makes a difference', () => {
    expect(names.differ).to.equal(true);
    expect(new ServerNames([rsa('a.test', 'b.test')]).differ).to.equal(false);
    expect(new ServerNames([rsa('a.test'), ec('a.test')]).differ).to.equal(false);
  });
});
