/** A command line from options and their values: what `run` would parse to the same. */
import type { Option } from 'commander';

export function commandLine(
  command: string,
  args: readonly string[],
  options: readonly Option[],
  values: Readonly<Record<string, unknown>>,
): string {
  const words = Object.entries(values).flatMap(([name, value]) => {
    const fitting = options.filter((o) => o.attributeName() === name);
    const o = fitting.find((o) => (value === false) === o.negate);
    return o && value !== undefined ? wordsOf(o, value) : [];
  });
  return ['espalier', command, ...args, ...words].map(quoted).join(' ');
}

function wordsOf(o: Option, value: unknown): string[] {
  const flag = o.long!;
  if (typeof value === 'boolean') return [flag];
  if (Array.isArray(value)) {
    // Lists of numbers are one value, lists of texts a flag each.
    return typeof value[0] === 'number' ? [flag, value.join(',')] : value.flatMap((v) => [flag, String(v)]);
  }
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, dims]) => [flag, `${key}=${dims}`]);
  return [flag, String(value)];
}

/** For POSIX shells. */
const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
