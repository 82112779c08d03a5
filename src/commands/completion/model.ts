/** commands/completion/model.ts: what can be completed where, derived from the command definitions, for all shells. */
import type { Argument, Command, Option } from 'commander';
import { POLICIES } from '../../balancing/policies.js';
import { ACCEPT_MODES, ACCESS_LOG_FORMATS, LOG_LEVELS } from '../../config/schema.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Values that the running balancer is asked for. */
export const SOURCES = ['backends', 'pools', 'routes'] as const;
export type Source = (typeof SOURCES)[number];

/** What completes a value: words, names of files, or names from the running balancer. */
export type Values = readonly string[] | 'files' | Source;

export interface OptionModel {
  /** The option as typed: `-c`, `--config`. */
  readonly names: readonly string[];
  readonly description: string;
  /** The option is followed by a value. */
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
  /** Options of the program itself, in front of a command. */
  readonly options: readonly OptionModel[];
  readonly commands: readonly CommandModel[];
}

/** Values of options, by long name. */
const OF_OPTIONS: Readonly<Record<string, Values>> = {
  '--policy': POLICIES,
  '--accept': ACCEPT_MODES,
  '--access-log-format': ACCESS_LOG_FORMATS,
  '--log-level': LOG_LEVELS,
  '--pool': 'pools',
  '--route': 'routes',
};

/** Values of arguments, by name. */
const OF_ARGUMENTS: Readonly<Record<string, Values>> = {
  id: 'backends',
  'on|off': ['on', 'off'],
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
