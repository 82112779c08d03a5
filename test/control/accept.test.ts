import { expect } from 'chai';
import { chooseAccept } from '../../src/control/accept.js';

describe('The way to accept', () => {
  it('is a shared socket by default, and round-robin on Windows', () => {
    expect(chooseAccept('auto', { nodeVersion: '20.19.0', platform: 'linux' })).to.deep.equal({ accept: 'shared' });
    expect(chooseAccept('auto', { nodeVersion: '24.1.0', platform: 'win32' })).to.deep.equal({
      accept: 'round-robin',
    });
  });

  it('is what was asked for', () => {
    for (const accept of ['shared', 'round-robin'] as const) {
      expect(chooseAccept(accept, { nodeVersion: '20.19.0', platform: 'linux' })).to.deep.equal({ accept });
    }
  });

  const cases = [
    ['20.20.2', 'linux', false],
    ['22.11.0', 'linux', false],
    ['22.12.0', 'linux', true],
    ['23.0.0', 'linux', false],
    ['23.1.0', 'linux', true],
    ['24.0.0', 'linux', true],
    ['24.0.0', 'darwin', false],
  ] as const;
  for (const [nodeVersion, platform, has] of cases) {
    it(`${has ? 'can be' : 'cannot be'} reuse-port with Node ${nodeVersion} on ${platform}`, () => {
      const choice = chooseAccept('reuse-port', { nodeVersion, platform });
      if (has) expect(choice).to.deep.equal({ accept: 'reuse-port' });
      else expect(choice).to.have.property('problem').that.includes(`Node ${nodeVersion} on ${platform}`);
    });
  }
});
