/** The configuration file: the long options of the commands in camel case. Flags go before it, defaults behind. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command, Option } from 'commander';
import { CompileError, usage } from '../errors.ts';

export const configNames = ['espalier.config.json', 'espalier.config.mjs'] as const;

/** `path`, or the file of the working folder where there is one. Throws `E_USAGE`. */
export async function readConfig(path?: string): Promise<Record<string, unknown>> {
  const file = path ?? configNames.find((name) => existsSync(name));
  if (file === undefined) return {};
  try {
    const value: unknown = file.endsWith('.mjs')
      ? (await import(pathToFileURL(resolve(file)).href)).default
      : JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    throw usage('holds no object');
  } catch (error) {
    const reason = error instanceof CompileError ? error.reason : (error as Error).message;
    throw usage(`configuration ${file}: ${reason}`);
  }
}

/** Puts the configured values of `command` where no flag was given. `known` are the options of all commands. */
export function applyConfig(
  command: Command,
  config: Readonly<Record<string, unknown>>,
  known: readonly Option[],
): void {
  for (const [key, value] of Object.entries(config)) {
    if (key === '$schema') continue;
    if (!known.some((o) => o.attributeName() === key)) {
      throw usage(
        `configuration: no option is named ${JSON.stringify(key)}`,
        'names are those of --help in camel case',
      );
    }
    for (let at: Command | null = command; at; at = at.parent) {
      const o = at.options.find((o) => o.attributeName() === key);
      if (o && at.getOptionValueSource(key) !== 'cli')
        at.setOptionValueWithSource(key, parsed(o, value), 'config');
    }
  }
}

function parsed(o: Option, value: unknown): unknown {
  const name = o.attributeName();
  const one = (v: unknown, before?: unknown): unknown => {
    if (typeof v !== 'string' && typeof v !== 'number')
      throw usage(`configuration: ${name} can't be ${JSON.stringify(v)}`);
    try {
      return o.parseArg ? o.parseArg(String(v), before as never) : String(v);
    } catch (error) {
      throw usage(`configuration: ${name} can't be ${JSON.stringify(v)}: ${(error as Error).message}`);
    }
  };
  if (o.isBoolean() || o.negate) {
    if (typeof value === 'boolean') return value;
    throw usage(`configuration: ${name} must be true or false`);
  }
  return Array.isArray(value) ? value.reduce((all, v) => one(v, all), undefined) : one(value);
}
