/** Commands, global options, errors and exit codes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, type Option } from 'commander';
import { usage } from '../errors.ts';
import { packageRoot } from '../package-root.ts';
import { bench } from './bench.ts';
import { type CommandSpec, commandOf, contextOf, type GlobalOptions, option } from './command.ts';
import { compile } from './compile.ts';
import { applyConfig, readConfig } from './config.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { inspect } from './inspect.ts';
import { whole } from './parse.ts';
import { prune } from './prune.ts';
import { sweep } from './sweep.ts';
import { errorJson, errorText, exitCodeOf } from './ui/errors.ts';
import { verify } from './verify.ts';

export const commands: readonly CommandSpec[] = [inspect, prune, compile, verify, bench, sweep, demo, doctor];

const globals = (): Option[] => [
  option('--json', 'print one JSON object and nothing else'),
  option('-q, --quiet', 'print errors only'),
  option('-v, --verbose', 'say more of what goes on'),
  option('--seed <n>', 'of everything that chance has a part in').argParser(whole).default(1),
  option('--config <file>', 'options from a file (default: espalier.config.json or .mjs here)'),
  option('--dry-run', 'do everything but write'),
  option('--print-config', 'print the options in force and stop'),
];

/** The options of all commands, those that a configuration file may hold; several commands have the same. */
export const allOptions = (): Option[] => [
  ...globals(),
  ...commands.flatMap((c) => [c, ...(c.commands ?? [])]).flatMap((c) => c.options ?? []),
];

const usageCode = 2;

/** Runs a command line; answers with the exit code: 0 ok, 1 check failed, 2 usage, 3 unsupported, 4 bad model, 5 tools. */
export async function run(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('espalier')
    .description('Compiles pruned neural networks to small standalone WebAssembly modules.')
    // Else a command would take the options of those inside it.
    .enablePositionalOptions()
    .version(JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version);
  const known = allOptions();
  for (const spec of commands) {
    const command = commandOf(spec, async (spec, command) => {
      applyConfig(command, await readConfig(command.opts().config), known);
      const options = command.opts<GlobalOptions>();
      const context = contextOf(options, givenOf(command));
      if (options.printConfig) return context.result(options, JSON.stringify(options, null, 2));
      code = (await spec.action(context, command.args, options)) ?? 0;
    });
    for (const c of [command, ...command.commands]) for (const o of globals()) c.addOption(o);
    program.addCommand(command);
  }
  for (const command of [program, ...program.commands.flatMap((c) => [c, ...c.commands])]) {
    command.exitOverride().configureOutput(output(argv)).showHelpAfterError('(--help shows what there is)');
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const known = error instanceof CommanderError ? usage(error.message.replace(/^error: /, '')) : error;
    if (argv.includes('--json')) process.stdout.write(`${JSON.stringify(errorJson(known))}\n`);
    else if (!(error instanceof CommanderError)) process.stderr.write(errorText(known));
    return error instanceof CommanderError ? usageCode : exitCodeOf(known);
  }
}

function givenOf(command: Command): ReadonlySet<string> {
  const names = command.options.map((o) => o.attributeName());
  return new Set(names.filter((n) => command.getOptionValueSource(n) === 'cli'));
}

/** Under --json commander's own messages are left to the one object. */
const output = (argv: readonly string[]) => (argv.includes('--json') ? { writeErr: () => {} } : {});
