import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MAX_FILE_BYTES, readConfigFile } from '../../src/config/read-file.js';

describe('Reading a configuration file', () => {
  let folder = '';
  const path = (name: string): string => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** @returns what is wrong with the file of that name */
  async function complaint(name: string): Promise<string> {
    const failure: unknown = await readConfigFile(path(name)).then(
      () => new Error('was read'),
      (error: unknown) => error,
    );
    if (!(failure instanceof Error)) throw new Error('no error');
    expect(failure.name).to.equal('ConfigError');
    return failure.message.replace(`${path(name)}: `, '');
  }

  it('gives its text, without a byte order mark', async () => {
    writeFileSync(path('lb.yaml'), '\uFEFFname: Zürich\n');
    expect(await readConfigFile(path('lb.yaml'))).to.equal('name: Zürich\n');
  });

  it('takes a file of just the largest size, and none of a byte more', async () => {
    writeFileSync(path('large'), '#'.repeat(MAX_FILE_BYTES));
    expect(await readConfigFile(path('large'))).to.have.length(MAX_FILE_BYTES);
    writeFileSync(path('larger'), '#'.repeat(MAX_FILE_BYTES + 1));
    expect(await complaint('larger')).to.equal('it is larger than 1 MiB, so it is no configuration');
  });

  it('says that it is a device or a named pipe, and waits for neither', async () => {
    symlinkSync('/dev/zero', path('zero'));
    execFileSync('mkfifo', [path('pipe')]);
    expect(await complaint('zero')).to.equal('it is no regular file');
    expect(await complaint('pipe')).to.equal('it is no regular file');
  });

  it('says that there is none', async () => {
    expect(await complaint('lb.yaml')).to.equal('there is no such file');
    writeFileSync(path('file'), '');
    expect(await complaint('file/lb.yaml')).to.equal('there is no such file');
  });

  it('says that it is a directory', async () => {
    expect(await complaint('.')).to.equal('it is a directory');
  });

  it('says that it links to itself', async () => {
    symlinkSync('loop', path('loop'));
    expect(await complaint('loop')).to.equal('its symbolic links form a loop');
  });

  it('says that it is no text', async () => {
    writeFileSync(path('binary'), Buffer.from([0x61, 0xff, 0xfe]));
    expect(await complaint('binary')).to.equal('it is not UTF-8 text');
  });

  it('says that it may not be read', async function () {
    // The superuser may read everything.
    if (process.getuid?.() === 0) return this.skip();
    writeFileSync(path('secret'), '');
    chmodSync(path('secret'), 0);
    expect(await complaint('secret')).to.equal('this user has no permission to read it');
  });
});
