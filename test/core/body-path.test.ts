/** test/core/body-path.test.ts: the ways of a body, for every sender and receiver. */
import { expect } from 'chai';
import { type BodyFraming, type BodyPath, type BodyTaker, bodyPath } from '../../src/core/body-path.js';

const WAYS: readonly (readonly [from: BodyFraming, to: BodyTaker, path: BodyPath])[] = [
  ['none', 'chunks', 'pass'],
  ['none', 'bytes', 'pass'],
  ['none', 'frames', 'pass'],
  ['length', 'chunks', 'pass'],
  ['length', 'bytes', 'pass'],
  ['length', 'frames', 'pass'],
  ['close', 'chunks', 'pass'],
  ['close', 'bytes', 'pass'],
  ['close', 'frames', 'pass'],
  ['chunked', 'chunks', 'pass'],
  ['chunked', 'bytes', 'unwrap'],
  ['chunked', 'frames', 'unwrap'],
  ['frames', 'chunks', 'wrap'],
  ['frames', 'bytes', 'pass'],
  ['frames', 'frames', 'pass'],
];

describe('The way of a body', () => {
  for (const [from, to, path] of WAYS) {
    it(`that is sent by ${from} to one that takes ${to} is ${path}`, () => {
      expect(bodyPath(from, to)).to.equal(path);
    });
  }
});
