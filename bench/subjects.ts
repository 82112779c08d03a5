/** bench/subjects.ts: everything the bench can put between load and backends, one row each. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  readonly cores: keyof CorePlan & ('one' | 'two');
  /** @returns what is installed, or why the subject cannot take part */
  readonly find: () => { readonly label: string } | { readonly missing: string };
  /** @throws {Error} when a file cannot be written */
  readonly command: (setup: Setup) => readonly string[];
}

export const CLI = fileURLToPath(new URL('../src/cli.js', import.meta.url));

export const SUBJECTS: readonly Subject[] = [
  roundhouse(1),
  roundhouse(2),
  script('tcp-pipe', () => ({ label: 'no HTTP, the floor' })),
  server('nginx', '-v', nginxCommand),
  server('haproxy', '-v', haproxyCommand),
  ...['http-proxy', 'httpxy', 'fast-proxy'].map((name) => script(name, () => installedPackage(name))),
];

/** The ratio columns compare with these. */
export const REFERENCES = ['nginx', 'http-proxy'] as const;

function roundhouse(workers: 1 | 2): Subject {
  return {
    name: `roundhouse-${workers}`,
    cores: workers === 1 ? 'one' : 'two',
    find: () => ({ label: `${workers} worker${workers === 1 ? '' : 's'}` }),
    command: ({ port, backends }) => [
      ...[process.execPath, CLI, '--listen', `${LOOPBACK}:${port}`, '--workers', `${workers}`],
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
