/**
 * The one catalogue of errors. A `CompileError` is the user's: it carries a stable code, the place in the source
 * (file → node → operator) and a hint. An `InternalError` is ours: it reports a broken invariant.
 *
 * Exit codes follow the class of the code: 1 verification or budget failed, 2 usage, 3 unsupported, 4 malformed or unsafe
 * model, 5 toolchain failure.
 */

export type ErrorCode = keyof typeof exitCodes;

export const exitCodes = {
  /** A check of results failed: verification, accuracy or a budget. */
  E_VERIFY: 1,
  E_BUDGET: 1,
  /** The request itself is wrong. */
  E_USAGE: 2,
  E_INPUT: 2,
  E_DATA: 2,
  /** The model uses something espalier does not compile. */
  E_UNSUPPORTED: 3,
  /** The model file is malformed, inconsistent or unsafe. */
  E_FORMAT: 4,
  E_TRUNCATED: 4,
  E_SHAPE: 4,
  E_GRAPH: 4,
  E_NONFINITE: 4,
  E_PATH: 4,
  E_LIMIT: 4,
  E_NAME: 4,
  /** A tool we drive failed. */
  E_TOOLCHAIN: 5,
  E_MISSING_PEER: 5,
  E_IO: 5,
} as const;

/** Where an error is: any part may be missing. */
export interface Place {
  readonly file?: string;
  readonly node?: string;
  readonly op?: string;
  readonly stage?: string;
}

/** The user's error. `message` is one line: `file: node "name" (Op): reason`. */
export class CompileError extends Error {
  override readonly name: string = 'CompileError';
  readonly code: ErrorCode;
  readonly place: Place;
  readonly reason: string;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, reason: string, place: Place = {}, hint?: string) {
    super(format(reason, place));
    this.code = code;
    this.reason = reason;
    this.place = place;
    this.hint = hint;
  }

  get exitCode(): number {
    return exitCodes[this.code];
  }

  /** The same error seen from further out; places already known stay. */
  at(outer: Place): CompileError {
    return new CompileError(this.code, this.reason, { ...outer, ...this.place }, this.hint);
  }
}

/** The whole list of what can't be compiled, found before any work is done. */
export class UnsupportedError extends CompileError {
  override readonly name = 'UnsupportedError';
  readonly items: readonly CompileError[];

  constructor(items: readonly CompileError[], place: Place = {}) {
    const lines = items.map((e) => `  ${e.message}`).join('\n');
    super(
      'E_UNSUPPORTED',
      `${items.length} ${items.length === 1 ? 'thing is' : 'things are'} not supported:\n${lines}`,
      place,
      'see docs/OPERATORS.md for what compiles',
    );
    this.items = items;
  }
}

/** A broken invariant of ours; never the user's fault. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InternalError(message);
}

export const unsupported = (reason: string, place: Place = {}, hint?: string) =>
  new CompileError('E_UNSUPPORTED', reason, place, hint);
export const badShape = (reason: string, place: Place = {}, hint?: string) =>
  new CompileError('E_SHAPE', reason, place, hint);
export const badGraph = (reason: string, place: Place = {}, hint?: string) =>
  new CompileError('E_GRAPH', reason, place, hint);
export const badFormat = (reason: string, place: Place = {}, hint?: string) =>
  new CompileError('E_FORMAT', reason, place, hint);
export const truncated = (reason: string, place: Place = {}, hint?: string) =>
  new CompileError('E_TRUNCATED', reason, place, hint);
export const unsafePath = (path: string, reason: string, place: Place = {}) =>
  new CompileError(
    'E_PATH',
    `path ${JSON.stringify(path)} ${reason}`,
    place,
    'weight files must lie in the folder of the model file',
  );
export const overLimit = (what: string, value: number, limit: number, place: Place = {}) =>
  new CompileError('E_LIMIT', `${what} is ${value}, over the limit of ${limit}`, place);
export const nonFinite = (what: string, count: number, place: Place = {}) =>
  new CompileError(
    'E_NONFINITE',
    `${what} holds ${count} NaN or infinite values`,
    place,
    'a network with such weights is broken; --allow-nonfinite compiles it all the same',
  );
export const unsafeName = (name: string, place: Place = {}) =>
  new CompileError('E_NAME', `name ${JSON.stringify(name)} is not allowed`, place);
export const usage = (reason: string, hint?: string) => new CompileError('E_USAGE', reason, {}, hint);
export const badInput = (reason: string, place: Place = {}, hint?: string) =>
  new CompileError('E_INPUT', reason, place, hint);
export const badData = (reason: string, place: Place = {}, hint?: string) =>
  new CompileError('E_DATA', reason, place, hint);
export const missingPeer = (name: string, why: string) =>
  new CompileError('E_MISSING_PEER', `${why} needs the package ${name}`, {}, `npm install ${name}`);
export const toolchain = (reason: string, hint?: string) => new CompileError('E_TOOLCHAIN', reason, {}, hint);
export const ioFailed = (reason: string, place: Place = {}, hint?: string) =>
  new CompileError('E_IO', reason, place, hint);
export const verifyFailed = (reason: string, place: Place = {}, hint?: string) =>
  new CompileError('E_VERIFY', reason, place, hint);
export const overBudget = (reason: string, hint?: string) => new CompileError('E_BUDGET', reason, {}, hint);

function format(reason: string, place: Place): string {
  const node = place.node === undefined ? '' : `node ${JSON.stringify(place.node)}`;
  const op = place.op === undefined ? '' : node ? ` (${place.op})` : place.op;
  const where = [place.file, node + op, place.stage].filter((s) => s).join(': ');
  return where ? `${where}: ${reason}` : reason;
}
