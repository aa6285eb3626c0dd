/** JSON from files that nobody vouches for: bounded, without keys that reach prototypes, every access typed. */
import { badFormat, overLimit, type Place, unsafeName } from '../errors.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Config } from '../ops/define.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

const maxDepth = 128;
const maxNameLength = 1024;
const polluting = new Set(['__proto__', 'constructor', 'prototype']);

/** Throws `E_FORMAT` (no JSON, no UTF-8), `E_LIMIT` (too deep) or `E_NAME` (a key that reaches a prototype). */
export function parseJson(bytes: Uint8Array, place: Place): Json {
  checkDepth(bytes, place);
  let value: Json;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw badFormat(`is no JSON: ${(error as Error).message.slice(0, 200)}`, place);
  }
  const open: Json[] = [value];
  for (let v = open.pop(); v !== undefined; v = open.pop()) {
    if (Array.isArray(v)) for (const item of v) open.push(item);
    else if (isObject(v)) {
      for (const key of Object.keys(v)) {
        if (polluting.has(key)) throw unsafeName(key, place);
        open.push(v[key]);
      }
    }
  }
  return value;
}

/** Nesting is counted on the bytes, so that no recursion ever meets more of it. */
function checkDepth(bytes: Uint8Array, place: Place): void {
  const [quote, backslash] = [0x22, 0x5c];
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i];
    if (inString) {
      if (c === backslash) i++;
      else if (c === quote) inString = false;
    } else if (c === quote) inString = true;
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > maxDepth) throw overLimit('JSON depth', depth, maxDepth, place);
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
}

/**
 * Characters and sequences that steer terminals, hide text or end comments, strings and scripts: names end up in generated
 * code, reports and messages.
 */
const hostile =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"'`\\]|\*\/|\/\*|\$\{|<\/?script|<!--/iu;

/** A name of a layer, node, weight, input or output; throws `E_NAME`. */
export function checkName(name: string, place: Place = {}): string {
  if (
    name === '' ||
    name.length > maxNameLength ||
    polluting.has(name) ||
    hostile.test(name) ||
    /\p{Surrogate}/u.test(name)
  ) {
    throw unsafeName(name.slice(0, 100), place);
  }
  return name;
}

export const isObject = (v: unknown): v is JsonObject =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

const shown = (v: unknown) => JSON.stringify(v)?.slice(0, 60) ?? 'nothing';

/** Own property or `undefined`: a missing key never finds `Object.prototype`. */
export const member = (o: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(o, key) ? o[key] : undefined;

export function asObject(v: unknown, what: string, place: Place): JsonObject {
  if (!isObject(v)) throw badFormat(`${what} must be an object, not ${shown(v)}`, place);
  return v;
}

export function asList(v: unknown, what: string, place: Place): readonly Json[] {
  if (!Array.isArray(v)) throw badFormat(`${what} must be a list, not ${shown(v)}`, place);
  return v;
}

export function asString(v: unknown, what: string, place: Place): string {
  if (typeof v !== 'string') throw badFormat(`${what} must be a string, not ${shown(v)}`, place);
  return v;
}

export function asNumber(v: unknown, what: string, place: Place): number {
  if (typeof v !== 'number' || !Number.isFinite(v)) {
    throw badFormat(`${what} must be a finite number, not ${shown(v)}`, place);
  }
  return v;
}

export function asInt(v: unknown, what: string, place: Place): number {
  if (typeof v !== 'number' || !Number.isInteger(v) || Math.abs(v) > 2 ** 31) {
    throw badFormat(`${what} must be a whole number below 2^31, not ${shown(v)}`, place);
  }
  return v;
}

export const asName = (v: unknown, what: string, place: Place) => checkName(asString(v, what, place), place);

/** Tuples that Keras writes as `{ class_name: '__tuple__', items }` become lists. */
function untuple(v: Json): Json {
  if (Array.isArray(v)) return v.map(untuple);
  if (!isObject(v)) return v;
  if (member(v, 'class_name') === '__tuple__' && Array.isArray(v.items)) return v.items.map(untuple);
  return Object.fromEntries(Object.entries(v).map(([k, item]) => [k, untuple(item)]));
}

/** Attributes of a layer; a `null` counts as missing. */
export class JsonConfig implements Config {
  readonly #values: JsonObject;
  readonly #place: Place;

  constructor(values: JsonObject, place: Place) {
    this.#values = untuple(values) as JsonObject;
    this.#place = place;
  }

  has(key: string): boolean {
    return (member(this.#values, key) ?? null) !== null;
  }

  raw(key: string): Json {
    return member(this.#values, key) ?? null;
  }

  int(key: string, fallback?: number): number {
    return this.#get(key, fallback, asInt);
  }

  float(key: string, fallback?: number): number {
    return this.#get(key, fallback, asNumber);
  }

  str(key: string, fallback?: string): string {
    return this.#get(key, fallback, asString);
  }

  bool(key: string, fallback?: boolean): boolean {
    return this.#get(key, fallback, (v, what, place) => {
      if (typeof v !== 'boolean') throw badFormat(`${what} must be true or false, not ${shown(v)}`, place);
      return v;
    });
  }

  ints(key: string, length?: number, fallback?: readonly number[]): number[] {
    return this.#get(key, fallback && [...fallback], (v, what, place) => {
      if (typeof v === 'number' && length !== undefined) {
        return new Array<number>(length).fill(asInt(v, what, place));
      }
      const list = asList(v, what, place).map((n) => asInt(n, what, place));
      if (length !== undefined && list.length !== length) {
        throw badFormat(`${what} must have ${length} entries, not ${list.length}`, place);
      }
      return list;
    });
  }

  tensor(key: string): Tensor {
    throw badFormat(`config ${JSON.stringify(key)} is no tensor`, this.#place);
  }

  #get<T>(key: string, fallback: T | undefined, as: (v: Json, what: string, place: Place) => T): T {
    const what = `config ${JSON.stringify(key)}`;
    if (this.has(key)) return as(this.raw(key), what, this.#place);
    if (fallback === undefined) throw badFormat(`${what} is missing`, this.#place);
    return fallback;
  }
}
