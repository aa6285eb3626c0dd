import { expect, test } from 'vitest';
import { close, count, first, floats, formsOf, last, planOf, refuses, run, tf, toTf } from './run.ts';

test('DCR is depthToSpace of tfjs', () => {
  const x = floats([2, 8, 3, 2]);
  const want = first(tf.depthToSpace(last(toTf(x)) as never, 2, 'NHWC'));
  close(run('depthToSpace', [x], { block: 2, mode: 'DCR' }), want);
});

test('the CRD example of the ONNX specification', () => {
  const x = count([1, 8, 1, 2]);
  const y = run('depthToSpace', [x], { block: 2, mode: 'CRD' });
  expect([...y.shape]).toEqual([1, 2, 2, 4]);
  expect([...y.data]).toEqual([0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15]);
});

test('an alias', () => {
  for (const mode of ['DCR', 'CRD']) {
    const plan = planOf([[1, 8, 3, 2]], (b, [x]) => b.one('depthToSpace', [x], { block: 2, mode }));
    expect(formsOf(plan)).toEqual([]);
  }
});

test('what is refused', () => {
  refuses('E_SHAPE', 'depthToSpace', [count([1, 6, 2, 2])], { block: 2, mode: 'DCR' });
  refuses('E_SHAPE', 'depthToSpace', [count([8, 2, 2])], { block: 2, mode: 'DCR' });
  refuses('E_SHAPE', 'depthToSpace', [count([1, 4, 2, 2])], { block: 0, mode: 'DCR' });
});
