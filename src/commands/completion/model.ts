/** commands/completion/model.ts: what may be typed where, read off the command definitions, for every shell alike. */
import type { Argument, Command, Option } from 'commander';
import { POLICIES } from '../../balancing/policies.js';
import { ACCEPT_MODES, ACCESS_LOG_FORMATS, LOG_LEVELS } from '../../config/schema.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What the running instance is asked for. */
export const SOURCES = ['backends', 'pools'] as const;
export type Source = (typeof SOURCES)[number];

/** What completes a value: some words, files, or what the running instance names. */
export type Values = readonly string[] | 'files' | Source;

export interface OptionModel {
  /** As typed: `-c`, `--config`. */
  readonly names: readonly string[];
  readonly description: string;
  /** A flag has no value. */
  readonly takesValue: boolean;
  readonly values: Values;
}

export interface CommandModel {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionModel[];
  /** What completes its first argument. */
  readonly argument: Values;
}

export interface Model {
  readonly program: string;
  /** Those of the program itself, which stand before a command. */
  readonly options: readonly OptionModel[];
  readonly commands: readonly CommandModel[];
}

/** By the option's long name. */
const OF_OPTIONS: Readonly<Record<string, Values>> = {
  '--policy': POLICIES,
  '--accept': ACCEPT_MODES,
  '--access-log-format': ACCESS_LOG_FORMATS,
  '--log-level': LOG_LEVELS,
  '--pool': 'pools',
};

/** By the argument's name. */
const OF_ARGUMENTS: Readonly<Record<string, Values>> = {
  id: 'backends',
  level: LOG_LEVELS,
  shell: SHELLS,
};

export function modelOf(program: Command): Model {
  return {
    program: program.name(),
    options: optionsOf(program),
    commands: program
      .createHelp()
      .visibleCommands(program)
      .map((command) => ({
        name: command.name(),
        description: command.description(),
        options: optionsOf(command),
        argument: argumentOf(command.registeredArguments[0]),
      })),
  };
}

function optionsOf(command: Command): readonly OptionModel[] {
  return command.createHelp().visibleOptions(command).map(optionOf);
}

function optionOf(option: Option): OptionModel {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const takesValue = option.required || option.optional;
  const isFile = /<file>/.test(option.flags);
  return {
    names,
    description: option.description,
    takesValue,
    values: isFile ? 'files' : (OF_OPTIONS[option.long ?? ''] ?? []),
  };
}

function argumentOf(argument: Argument | undefined): Values {
  return OF_ARGUMENTS[argument?.name() ?? ''] ?? [];
}
