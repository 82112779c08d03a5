import { expect } from 'chai';
import { HANDLE_LENGTH, stickyToken, TOKEN_LENGTH } from '../../src/core/sticky-token.js';
import { idOf } from './fixtures.js';

const SECRET = 'correct horse battery staple';
const token = (secret = SECRET, pool = 'web', id = '10.0.0.1:80'): string => stickyToken(secret, pool, idOf(id));

describe('A sticky token', () => {
  it('is the same for the same backend, whoever makes it', () => {
    expect(token()).to.equal(token());
    expect(token(), 'or an update would end every session').to.equal('0t8ss6SX8ZTq104pf3vXUHqtTmfHCwCUAu7m6KqEMAs');
  });

  it('is another for another backend, pool or secret, from its first characters on', () => {
    const others = [token('another secret, as good'), token(SECRET, 'api'), token(SECRET, 'web', '10.0.0.2:80')];
    const handles = [token(), ...others].map((text) => text.slice(0, HANDLE_LENGTH));
    expect(new Set(handles)).to.have.lengthOf(4);
  });

  it('has no other meaning: no pair of pool and address reads like another', () => {
    expect(token(SECRET, 'a', 'b:1')).to.not.equal(token(SECRET, 'ab', ':1'));
  });

  it('shows nothing of the address, and needs no quotes in a cookie', () => {
    expect(token())
      .to.match(/^[A-Za-z0-9_-]+$/)
      .and.have.lengthOf(TOKEN_LENGTH);
    expect(Buffer.from(token(), 'base64url').toString('latin1')).to.not.include('10.0.0.1');
  });
});
