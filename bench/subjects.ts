/** bench/subjects.ts: the proxies that the bench can put between load and backends, one row each. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Build, THIS_BUILD } from './builds.js';
import type { CorePlan } from './cores.js';
import { haproxyConfig, nginxParts, roundhouseConfig, type ServerSetup } from './peers/configs.js';
import { nginxCommand } from './peers/nginx.js';
import { findProgram, packageVersion, programVersion } from './programs.js';

export interface SubjectSetup extends ServerSetup {
  /** A folder for the subject's files. */
  readonly folder: string;
}

export interface Subject {
  readonly name: string;
  readonly cores: keyof CorePlan & ('one' | 'two');
  /** Makes the same subject of another build of Roundhouse; a peer has no builds. */
  readonly of?: (build: Build) => Subject;
  /** Of another build: the name of the same subject of this build. */
  readonly twinOf?: string | undefined;
  /** @returns what is installed, or why the subject cannot take part */
  readonly find: () => { readonly label: string } | { readonly missing: string };
  /** @throws {Error} when a file cannot be written */
  readonly command: (setup: SubjectSetup) => readonly string[];
}

/** One way to run Roundhouse. */
interface Variant {
  readonly name: string;
  readonly label: string;
  readonly workers: 1 | 2;
  /** Settings beside listener and backends: of the configuration, and of its pool. */
  readonly settings: (setup: SubjectSetup) => { readonly top?: object; readonly pool?: object };
}

const ONE: Variant = { name: '1', label: '1 worker', workers: 1, settings: () => ({}) };
const VARIANTS: readonly Variant[] = [
  ONE,
  { ...ONE, name: '2', label: '2 workers', workers: 2 },
  { ...ONE, name: 'pipelining', label: 'pipelining 8', settings: () => ({ pool: { pipelining: 8 } }) },
  {
    ...ONE,
    name: 'access-log',
    label: 'access log',
    settings: ({ folder }) => ({ top: { accessLog: join(folder, 'access.log') } }),
  },
];

const NEWER_NODE_HINT = 'name one by --newer-node, for example "$(npm exec --package=node@24 -- which node)"';

/** @param newerNode this build on a newer Node than the bench's own */
export function allSubjects(newerNode?: Build): readonly Subject[] {
  return [
    ...VARIANTS.map((variant) => roundhouse(variant, THIS_BUILD)),
    newerNode === undefined
      ? { ...roundhouse(ONE, { ...THIS_BUILD, name: 'newer-node' }), find: () => ({ missing: NEWER_NODE_HINT }) }
      : roundhouse(ONE, newerNode),
    script('tcp-pipe', () => ({ label: 'no HTTP, the floor' })),
    server('nginx', '-v', (_, setup) => nginxCommand(nginxParts(setup), setup.folder)),
    server('haproxy', '-v', haproxyCommand),
    ...['http-proxy', 'httpxy', 'fast-proxy'].map((name) => script(name, () => installedPackage(name))),
  ];
}

export interface LineUp {
  /** Names of subjects that replace those of the scenario. */
  readonly only: readonly string[] | undefined;
  readonly against: Build | undefined;
  readonly newerNode: Build | undefined;
}

/**
 * @param names the scenario's subjects
 * @returns the subjects that take part. Another build follows this one; beside it, peers take part only if named
 */
export function lineUp(names: readonly string[], { only, against, newerNode }: LineUp): readonly Subject[] {
  const wanted = only ?? names;
  const chosen = allSubjects(newerNode).filter(({ name }) => wanted.includes(name));
  if (against === undefined) return chosen;
  return chosen.flatMap((subject) => {
    if (subject.of === undefined) return only === undefined ? [] : [subject];
    return [subject, subject.of(against)];
  });
}

function roundhouse(variant: Variant, build: Build): Subject {
  const name = `${build.name}-${variant.name}`;
  const of = (other: Build): Subject => ({ ...roundhouse(variant, other), twinOf: name });
  return {
    name,
    ...(build === THIS_BUILD ? { of } : {}),
    cores: variant.workers === 1 ? 'one' : 'two',
    find: () => ({ label: build.label === '' ? variant.label : `${variant.label}, ${build.label}` }),
    command: (setup) => {
      const file = join(setup.folder, 'roundhouse.json');
      const { top, pool } = variant.settings(setup);
      writeFileSync(file, roundhouseConfig(setup, { workers: variant.workers, ...top }, pool ?? {}));
      return [build.node, build.cli, '--config', file];
    },
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
  command: (program: string, setup: SubjectSetup) => readonly string[],
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

function haproxyCommand(program: string, setup: SubjectSetup): readonly string[] {
  const file = join(setup.folder, 'haproxy.cfg');
  writeFileSync(file, haproxyConfig(setup));
  return [program, '-db', '-f', file];
}

function installedPackage(name: string): ReturnType<Subject['find']> {
  const version = packageVersion(name);
  return version === undefined ? { missing: 'not installed (npm ci installs it)' } : { label: version };
}
