import { PassThrough } from 'node:stream';
import { beforeEach, expect, test, vi } from 'vitest';
import { errorJson, errorText, exitCodeOf } from '../../compiler/cli/ui/errors.ts';
import { badShape, InternalError, UnsupportedError, unsupported } from '../../compiler/errors.ts';

const stream = new PassThrough();
beforeEach(() => {
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', '1');
  return () => vi.unstubAllEnvs();
});

const place = { file: 'model.json', node: 'conv1', op: 'Conv2D' };

test('place, reason, hint and code, a line each', () => {
  const error = badShape('kernel has 3 dimensions, not 4', place, 'export the model again');
  expect(errorText(error, stream)).toBe(
    'error: model.json: node "conv1" (Conv2D): kernel has 3 dimensions, not 4\n' +
      '  hint: export the model again\n' +
      '  E_SHAPE\n',
  );
  expect(exitCodeOf(error)).toBe(4);
});

test('a list of what is unsupported keeps its lines', () => {
  const items = ['a', 'b'].map((node) => unsupported('is unknown', { ...place, node }));
  const text = errorText(new UnsupportedError(items, { file: 'model.json' }), stream);
  expect(text.split('\n').filter((line) => line.includes('is unknown'))).toHaveLength(2);
  expect(errorJson(new UnsupportedError(items))).toMatchObject({
    error: { code: 'E_UNSUPPORTED', items: [{ place: { node: 'a' } }, { place: { node: 'b' } }] },
  });
});

test('nothing in a name steers the terminal', () => {
  const error = badShape('bad', { file: 'm\x1b]0;owned\x07.json', node: 'x\u202e' }, 'h\x1b[2J');
  expect(errorText(error, stream)).not.toMatch(/\u202e|(?!\n)\p{Cc}/u);
});

test('failures of ours say so, show where, and end with 5', () => {
  const error = new InternalError('row 3 overlaps');
  expect(errorText(error, stream)).toMatch(/broken invariant inside espalier.*\n.*row 3 overlaps\n.*at /s);
  expect(errorText('thrown text', stream)).toContain('unexpected failure inside espalier');
  expect(exitCodeOf(error)).toBe(5);
  expect(errorJson(error)).toEqual({ error: { code: 'INTERNAL', message: 'row 3 overlaps' } });
});
