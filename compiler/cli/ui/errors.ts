import { styleText } from 'node:util';
import { CompileError, InternalError, UnsupportedError } from '../../errors.ts';
import { printable } from './format.ts';

/** Exit code of failures that are ours: a broken toolchain as far as the user is concerned. */
const internalExitCode = 5;

export const exitCodeOf = (error: unknown): number =>
  error instanceof CompileError ? error.exitCode : internalExitCode;

/**
 * An error for people: `error: file: node "name" (Op): reason`, then what to do about it, then its code. Names come from model
 * files, so nothing unprintable goes through.
 */
export function errorText(error: unknown, stream: NodeJS.WritableStream = process.stderr): string {
  const paint = (format: 'red' | 'bold' | 'dim', text: string) => styleText(format, text, { stream });
  const head = paint('red', 'error:');
  if (!(error instanceof CompileError)) {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const name = error instanceof InternalError ? 'broken invariant' : 'unexpected failure';
    return `${head} ${name} inside espalier; please report it\n${lines(trace)}\n`;
  }
  const hint =
    error.hint === undefined ? '' : `\n  ${paint('bold', 'hint:')} ${lines(error.hint, '        ')}`;
  return `${head} ${lines(error.message)}${hint}\n  ${paint('dim', error.code)}\n`;
}

/** The same as data, for `--json`. */
export function errorJson(error: unknown): object {
  if (!(error instanceof CompileError)) {
    return { error: { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) } };
  }
  const { code, message, reason, place, hint } = error;
  const items =
    error instanceof UnsupportedError
      ? error.items.map(({ message, reason, place }) => ({ message, reason, place }))
      : undefined;
  return { error: { code, message, reason, place, hint, items } };
}

const lines = (text: string, indent = ''): string => text.split('\n').map(printable).join(`\n${indent}`);
