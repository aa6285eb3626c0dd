/** What all commands share: global options, where results go, how a command is put together. */
import { Command, Option } from 'commander';
import type { Progress } from '../progress.ts';
import { terminalProgress } from './ui/progress.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly seed: number;
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly printConfig?: boolean;
}

export interface Context {
  readonly options: GlobalOptions;
  /** Names, in camel case, of the options that the command line gives. */
  readonly given: ReadonlySet<string>;
  readonly progress: Progress;
  /** Text for people; nothing under --json or --quiet. */
  say(text: string): void;
  /** What went on, under --verbose. */
  detail(text: string): void;
  /** The result: the one object under --json, `text` for people otherwise. */
  result(data: unknown, text?: string): void;
}

export function contextOf(options: GlobalOptions, given: ReadonlySet<string> = new Set()): Context {
  const { json, quiet, verbose } = options;
  return {
    options,
    given,
    progress: terminalProgress({ quiet, json }),
    say: (text) => void (json || quiet || process.stdout.write(`${text}\n`)),
    detail: (text) => void (verbose && process.stderr.write(`${text}\n`)),
    result(data, text = '') {
      if (json) process.stdout.write(`${JSON.stringify(data, plain)}\n`);
      else if (text !== '' && !quiet) process.stdout.write(`${text}\n`);
    },
  };
}

/** Typed arrays as lists; infinities and NaN, which JSON lacks, as text. */
function plain(_: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return [...(value as Float32Array)];
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** A failed check of results is no error: the command has said what it found. */
export const checkFailed = 1;

/** Answers with the exit code, 0 where it answers nothing. */
export type Action<O> = (
  context: Context,
  args: readonly string[],
  options: O,
) => Promise<number | undefined>;

export interface CommandSpec {
  readonly name: string;
  /** In commander's notation: `<model>`, `[wasm]`. */
  readonly args?: readonly (readonly [name: string, description: string])[];
  readonly summary: string;
  readonly options?: readonly Option[];
  readonly examples: readonly string[];
  /** Commands of its own. */
  readonly commands?: readonly CommandSpec[];
  // biome-ignore lint/suspicious/noExplicitAny: every command has its own options, checked where they are declared
  readonly action: Action<any>;
}

export const option = (flags: string, description: string) => new Option(flags, description);

export function commandOf(
  spec: CommandSpec,
  run: (spec: CommandSpec, command: Command) => Promise<void>,
): Command {
  const command = new Command(spec.name).description(spec.summary);
  for (const [name, description] of spec.args ?? []) command.argument(name, description);
  for (const o of spec.options ?? []) command.addOption(o);
  command.addHelpText('after', `\nExamples:\n${spec.examples.map((e) => `  $ espalier ${e}`).join('\n')}`);
  if (spec.commands) command.enablePositionalOptions();
  for (const inner of spec.commands ?? []) command.addCommand(commandOf(inner, run));
  return command.action(() => run(spec, command));
}
