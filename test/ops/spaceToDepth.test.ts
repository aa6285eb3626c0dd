import { expect, test } from 'vitest';
import { close, count, floats, formsOf, planOf, refuses, run } from './run.ts';

test.each(['DCR', 'CRD'])('the inverse of depthToSpace: %s', (mode) => {
  const x = floats([2, 12, 3, 2]);
  const attrs = { block: 2, mode };
  close(run('spaceToDepth', [run('depthToSpace', [x], attrs)], attrs), x);
});

test('the example of the ONNX specification', () => {
  const x = count([1, 1, 4, 2]);
  const y = run('spaceToDepth', [x], { block: 2, mode: 'DCR' });
  expect([...y.shape]).toEqual([1, 4, 2, 1]);
  expect([...y.data]).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
});

test('an alias; what is refused', () => {
  const plan = planOf([[1, 2, 4, 2]], (b, [x]) => b.one('spaceToDepth', [x], { block: 2, mode: 'DCR' }));
  expect(formsOf(plan)).toEqual([]);
  refuses('E_SHAPE', 'spaceToDepth', [count([1, 1, 3, 2])], { block: 2, mode: 'DCR' });
});
