/** bench/subjects.ts: everything the bench can put between load and backends, one row each. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Build, THIS_BUILD } from './builds.js';
import type { CorePlan } from './cores.js';
import { LOOPBACK } from './loopback.js';
import { haproxyConfig, nginxConfig, type ServerSetup } from './peers/configs.js';
import { findProgram, packageVersion, programVersion } from './programs.js';

export interface Setup extends ServerSetup {
  /** Where the subject may keep files. */
  readonly folder: string;
}

export interface Subject {
  readonly name: string;
  /** The same of another build of Roundhouse; a peer has none. */
  readonly of?: (build: Build) => Subject;
  readonly cores: keyof CorePlan & ('one' | 'two');
  /** @returns what is installed, or why the subject cannot take part */
  readonly find: () => { readonly label: string } | { readonly missing: string };
  /** @throws {Error} when a file cannot be written */
  readonly command: (setup: Setup) => readonly string[];
}

export const SUBJECTS: readonly Subject[] = [
  roundhouse(1, THIS_BUILD),
  roundhouse(2, THIS_BUILD),
  script('tcp-pipe', () => ({ label: 'no HTTP, the floor' })),
  server('nginx', '-v', nginxCommand),
  server('haproxy', '-v', haproxyCommand),
  ...['http-proxy', 'httpxy', 'fast-proxy'].map((name) => script(name, () => installedPackage(name))),
];

/** The first subject is compared with these, as far as they take part. */
export const NATIVES: readonly string[] = ['nginx', 'haproxy'];

/** @returns `subjects`, each followed by the same of `build` where it has one */
export function besides(build: Build, subjects: readonly Subject[]): readonly Subject[] {
  return subjects.flatMap((subject) => (subject.of === undefined ? [subject] : [subject, subject.of(build)]));
}

function roundhouse(workers: 1 | 2, build: Build): Subject {
  const size = `${workers} worker${workers === 1 ? '' : 's'}`;
  return {
    name: `${build.name}-${workers}`,
    of: (other) => roundhouse(workers, other),
    cores: workers === 1 ? 'one' : 'two',
    find: () => ({ label: build.label === '' ? size : `${size}, ${build.label}` }),
    command: ({ port, backends }) => [
      ...[process.execPath, build.cli, '--listen', `${LOOPBACK}:${port}`, '--workers', `${workers}`],
      ...['--admin', 'off', '--log-level', 'error', backends.join(',')],
    ],
  };
}

function script(name: string, find: Subject['find']): Subject {
  const path = fileURLToPath(new URL(`./peers/${name}.js`, import.meta.url));
  return {
    name,
    cores: 'one',
    find,
    command: ({ port, backends }) => [process.execPath, path, `${port}`, ...backends],
  };
}

function server(
  name: string,
  versionFlag: string,
  command: (program: string, setup: Setup) => readonly string[],
): Subject {
  return {
    name,
    cores: 'one',
    find: () => {
      const program = findProgram(name);
      if (program !== undefined) return { label: programVersion(program, versionFlag) };
      return { missing: `not installed (apt-get install ${name}, brew install ${name})` };
    },
    command: (setup) => command(findProgram(name) ?? name, setup),
  };
}

function nginxCommand(program: string, setup: Setup): readonly string[] {
  const file = join(setup.folder, 'nginx.conf');
  writeFileSync(file, nginxConfig(setup, setup.folder, process.getuid?.() === 0));
  return [program, '-e', 'stderr', '-p', setup.folder, '-c', file];
}

function haproxyCommand(program: string, setup: Setup): readonly string[] {
  const file = join(setup.folder, 'haproxy.cfg');
  writeFileSync(file, haproxyConfig(setup));
  return [program, '-db', '-f', file];
}

function installedPackage(name: string): ReturnType<Subject['find']> {
  const version = packageVersion(name);
  return version === undefined ? { missing: 'not installed (npm ci installs it)' } : { label: version };
}
