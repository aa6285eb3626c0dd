import { test } from 'vitest';
import { close, floats, run, toTf } from './run.ts';

test('is what it is given', () => {
  const x = floats([2, 3]);
  close(run('identity', [x], {}), toTf(x));
});
