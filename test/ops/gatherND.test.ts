import { expect, test } from 'vitest';
import { close, count, floats, i32, refuses, run, tf, toTf } from './run.ts';

test('gatherND of tfjs', () => {
  const [x, at] = [floats([3, 4, 2]), i32([2, 2], 0, 3, 2, 1)];
  close(run('gatherND', [x, at], { batchDims: 0 }), tf.gatherND(toTf(x), toTf(at)));
});

test('batched example of the ONNX specification', () => {
  const y = run('gatherND', [count([2, 2, 2]), i32([2, 1], 1, 0)], { batchDims: 1 });
  expect([...y.shape]).toEqual([2, 2]);
  expect([...y.data]).toEqual([2, 3, 4, 5]);
});

test('what is refused', () => {
  const x = count([2, 2, 2]);
  refuses('E_SHAPE', 'gatherND', [x, count([2, 1])], { batchDims: 0 });
  refuses('E_SHAPE', 'gatherND', [x, i32([1, 4], 0, 0, 0, 0)], { batchDims: 0 });
  refuses('E_SHAPE', 'gatherND', [x, i32([3, 1], 0, 0, 0)], { batchDims: 1 });
});
