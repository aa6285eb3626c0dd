/** Values of options. */
import { InvalidArgumentError } from 'commander';
import { usage } from '../errors.ts';

export function fraction(text: string): number {
  const value = /%$/.test(text) ? Number.parseFloat(text) / 100 : Number(text);
  if (!(value >= 0 && value < 1))
    throw new InvalidArgumentError('a fraction from 0 to below 1 is wanted, as 0.9 or 90%.');
  return value;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError('a positive number is wanted.');
  return value;
}

export function notNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError('a number of at least 0 is wanted.');
  return value;
}

export function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is wanted.');
  return value;
}

/** A positive number with one of `units`, as factors by name; `''` is the number alone. */
const measure = (units: Readonly<Record<string, number>>, example: string) => (text: string) => {
  const [, digits, unit] = /^\s*(\d+\.?\d*(?:e\d+)?|\.\d+)\s*([^\s\d]*)\s*$/.exec(text) ?? [];
  const value = Number(digits) * (units[unit] ?? Number.NaN);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError(`a positive amount is wanted, as ${example}.`);
  return value;
};

/** In milliseconds; a number alone is milliseconds. */
export const time = measure({ '': 1, ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1e3 }, '2ms or 350us');
/** In bytes; kB is 1,000 and KiB 1,024 of them. */
export const size = measure(
  { '': 1, B: 1, kB: 1e3, KB: 1e3, k: 1e3, MB: 1e6, M: 1e6, KiB: 1024, MiB: 1024 ** 2 },
  '20kB or 64KiB',
);
export const quantity = measure({ '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9 }, '5M');

/** Points of a hundred. */
export function points(text: string): number {
  const value = Number(text);
  if (!(text.trim() !== '' && value >= 0 && value < 100))
    throw new InvalidArgumentError('points from 0 to below 100 are wanted, as 0.5.');
  return value;
}

export const list = (text: string, before: readonly string[] = []): string[] => [...before, text];

/** `input=16000`, again and again. */
export function values(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const at = text.lastIndexOf('=');
  const value = Number(text.slice(at + 1));
  if (at < 1 || text.slice(at + 1).trim() === '' || !Number.isFinite(value))
    throw new InvalidArgumentError('a number is wanted, as input=16000.');
  return { ...before, [text.slice(0, at)]: value };
}

/** `input=1,224,224,3`, again and again. */
export function shapes(
  text: string,
  before: Readonly<Record<string, readonly number[]>> = {},
): Record<string, readonly number[]> {
  const at = text.lastIndexOf('=');
  const dims = text.slice(at + 1).split(/[,x×]/);
  if (at < 1 || !dims.every((d) => /^\d+$/.test(d)))
    throw new InvalidArgumentError('a shape is wanted, as input=1,224,224,3.');
  return { ...before, [text.slice(0, at)]: dims.map(Number) };
}

/** `0.485,0.456,0.406` */
export function numbers(text: string): number[] {
  const list = text.split(',').map(Number);
  if (text.trim() === '' || !list.every(Number.isFinite))
    throw new InvalidArgumentError('numbers are wanted, as 0.5,0.5,0.5.');
  return list;
}

/** `0.5,0.8,90%` */
export const fractions = (text: string): number[] => text.split(',').map((part) => fraction(part.trim()));

/** `element,4x1` */
export function names(text: string): string[] {
  const list = text.split(',').map((part) => part.trim());
  if (list.includes('')) throw new InvalidArgumentError('names are wanted, as element,4x1.');
  return list;
}

/** `list`, where all of it is among `known`. Throws `E_USAGE`. */
export function choices<T extends string>(flag: string, list: readonly string[], known: readonly T[]): T[] {
  const odd = list.find((name) => !(known as readonly string[]).includes(name));
  if (odd !== undefined) throw usage(`${flag}: ${JSON.stringify(odd)} is unknown`, known.join(', '));
  return list as T[];
}
