/** Operators that read at computed places, against loops over pixels; the backend tests of ONNX run in `test/conformance`. */
import { describe, expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { files, graph, model, node, port } from './onnx-models.ts';

const [H, W] = [4, 5];
const rng = random(4);
const image = Float32Array.from({ length: 2 * H * W }, rng.normal);
// Well outside the image too.
const grid = Float32Array.from({ length: 2 * 3 * 7 * 2 }, () => 2.5 * rng.normal());

type Modes = readonly [mode: string, padding: string, corners: boolean];

/** One pixel, as the padding has it. */
function bounce(i: number, length: number, padding: string, corners: boolean): number {
  if (padding === 'border') return Math.min(length - 1, Math.max(0, i));
  if (padding === 'zeros') return i;
  const [low, high] = corners ? [0, length - 1] : [-0.5, length - 0.5];
  while (i < low || i > high) i = i < low ? 2 * low - i : 2 * high - i;
  return Math.min(length - 1, Math.max(0, i));
}

function keys(d: number): number {
  const [a, t] = [-0.75, Math.abs(d)];
  if (t <= 1) return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1;
  return t < 2 ? a * t ** 3 - 5 * a * t ** 2 + 8 * a * t - 4 * a : 0;
}

function sampled(n: number, gx: number, gy: number, [mode, padding, corners]: Modes): number {
  const real = (g: number, length: number) =>
    corners ? ((g + 1) / 2) * (length - 1) : ((g + 1) * length - 1) / 2;
  const weigh = (v: number) => {
    if (mode === 'nearest') {
      const whole = Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v);
      return [[whole, 1]];
    }
    const first = Math.floor(v);
    if (mode === 'cubic') return [-1, 0, 1, 2].map((k) => [first + k, keys(v - first - k)]);
    return [0, 1].map((k) => [first + k, 1 - Math.abs(v - first - k)]);
  };
  const place = (g: number, length: number) => {
    const v = real(g, length);
    if (mode === 'cubic') return weigh(v).map(([i, w]) => [bounce(i, length, padding, corners), w]);
    return weigh(bounce(v, length, padding, corners));
  };
  let sum = 0;
  for (const [i, wi] of place(gy, H))
    for (const [j, wj] of place(gx, W))
      if (i >= 0 && i < H && j >= 0 && j < W) sum += wi * wj * image[(n * H + i) * W + j];
  return sum;
}

describe('GridSample', () => {
  const all = ['linear', 'nearest', 'cubic'].flatMap((mode) =>
    ['zeros', 'border', 'reflection'].flatMap((padding) =>
      [false, true].map((corners) => [mode, padding, corners] as const),
    ),
  );
  test.each(all)('%s, %s, corners aligned: %s', async (...modes) => {
    const [mode, padding_mode, corners] = modes;
    const sample = node('GridSample', ['x', 'g'], ['y'], {
      mode,
      padding_mode,
      align_corners: Number(corners),
    });
    const parts = { nodes: [sample], inputs: [port('x', [2, 1, H, W]), port('g', [2, 3, 7, 2])] };
    const read = await readModel(files(model(graph(parts), 20)));
    const { y } = evaluateGraph(read.graph, {
      x: tensor('float32', [2, 1, H, W], image),
      g: tensor('float32', [2, 3, 7, 2], grid),
    });
    expect(y.shape).toEqual([2, 1, 3, 7]);
    y.data.forEach((v, k) => {
      const want = sampled(Math.floor(k / 21), grid[2 * k], grid[2 * k + 1], modes);
      expect(Math.abs(v - want)).toBeLessThan(2e-4);
    });
  });
});

test('ReverseSequence, batches first, lengths given at run time', async () => {
  const reverse = node('ReverseSequence', ['x', 'n'], ['y'], { batch_axis: 0, time_axis: 1 });
  const parts = { nodes: [reverse], inputs: [port('x', [2, 4]), port('n', [2], 7)] };
  const { graph: g } = await readModel(files(model(graph(parts))));
  const x = tensor('float32', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]);
  const { y } = evaluateGraph(g, { x, n: tensor('int32', [2], [3, 0]) });
  expect(Array.from(y.data)).toEqual([3, 2, 1, 4, 5, 6, 7, 8]);
});

test('RoiAlign of maxima, or with a number of samples of its own choosing, is refused', async () => {
  const of = (attributes: Record<string, number | string>) => {
    const align = node('RoiAlign', ['x', 'r', 'b'], ['y'], attributes);
    const inputs = [port('x', [1, 1, 8, 8]), port('r', [1, 4]), port('b', [1], 7)];
    return readModel(files(model(graph({ nodes: [align], inputs }))));
  };
  await expect(of({ mode: 'max', sampling_ratio: 2 })).rejects.toMatchObject({ code: 'E_UNSUPPORTED' });
  await expect(of({ output_height: 2 })).rejects.toMatchObject({ code: 'E_UNSUPPORTED' });
  await expect(of({ sampling_ratio: 2 })).resolves.toBeDefined();
});
