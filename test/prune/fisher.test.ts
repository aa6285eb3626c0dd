/** What outputs weigh, against derivatives by hand in float64; what the weights do to a choice, against all choices. */
import { beforeAll, expect, test } from 'vitest';
import { random } from '../../compiler/ir/random.ts';
import { partOf } from '../../compiler/prune/data.ts';
import { outputWeights } from '../../compiler/prune/fisher.ts';
import { findLayers, pruneGraph } from '../../compiler/prune/index.ts';
import { countKept } from '../../compiler/prune/math/patterns.ts';
import { fitMask, pruneMatrix } from '../../compiler/prune/math/prunelayer.ts';
import { loadBackend, type Tf } from '../../compiler/prune/train/backend.ts';
import { constant, convNet, recurrentNet, samplesOf, sketch } from './graphs.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await loadBackend('wasm');
});

const [inputs, hidden, classes] = [5, 6, 4];

/** dense → relu → dense (→ softmax) */
const perceptron = (classifies: boolean) =>
  sketch((b) => {
    const x = b.input('x', 'float32', [1, inputs]);
    const h = b.one('relu', [
      b.one('dense', [x, constant(b, [hidden, inputs], 1), constant(b, [hidden], 1)]),
    ]);
    const y = b.one('dense', [h, constant(b, [classes, hidden], 2), constant(b, [classes], 2)]);
    b.output('p', classifies ? b.one('softmax', [y], { axis: 1 }) : y);
  });

/** Σ over samples of the diagonal of Jᵀ G J by outputs of either layer. */
function byHand(graph: ReturnType<typeof perceptron>, x: Float32Array[], classifies: boolean): number[][] {
  const [first, second] = findLayers(graph);
  const biasOf = (l: typeof first) => graph.values.get(l.node.inputs[2]!)!.data as Float32Array;
  const times = (l: typeof first, v: readonly number[]) =>
    Array.from(biasOf(l), (b, r) => v.reduce((s, e, k) => s + e * l.weights[r * l.cols + k], b));
  const sums = [Array(hidden).fill(0), Array(classes).fill(0)];
  for (const sample of x) {
    const before = times(first, [...sample]);
    const logits = times(
      second,
      before.map((v) => Math.max(0, v)),
    );
    const e = logits.map((v) => Math.exp(v / 4));
    const p = e.map((v) => v / e.reduce((a, b) => a + b, 0));
    const G = p.map((a, i) => p.map((b, j) => (classifies ? (i === j ? a : 0) - a * b : Number(i === j))));
    const form = (j: readonly number[]) =>
      j.reduce((s, a, i) => s + a * j.reduce((t, b, k) => t + G[i][k] * b, 0), 0);
    for (let r = 0; r < hidden; r++) {
      const column = p.map((_, c) => (before[r] > 0 ? second.weights[c * hidden + r] : 0));
      sums[0][r] += form(column);
    }
    for (let c = 0; c < classes; c++) sums[1][c] += form(p.map((_, i) => Number(i === c)));
  }
  return sums;
}

test.each([true, false])('the diagonal of the Gauss–Newton matrix, classes: %s', async (classifies) => {
  const graph = perceptron(classifies);
  const few = samplesOf(graph, 8, 3);
  // Random signs average out over copies of the same samples.
  const samples = Array.from({ length: 128 }, () => few).flat();
  const layers = findLayers(graph);
  const found = await outputWeights(tf, graph, layers, partOf(graph, { samples }), 1);
  const exact = byHand(
    graph,
    few.map((s) => s.x.data as Float32Array),
    classifies,
  );
  layers.forEach((layer, i) => {
    const mean = exact[i].reduce((a, b) => a + b, 0) / exact[i].length;
    const got = [...found.get(layer.value)!];
    exact[i].forEach((v, r) => {
      const wanted = Math.min(10, Math.max(0.1, Math.sqrt(v / mean)));
      expect(Math.abs(got[r] / wanted - 1), `layer ${i}, output ${r}`).toBeLessThan(0.15);
    });
  });
});

test('convolutions have a weight for every channel, recurrent layers none', async () => {
  const conv = convNet();
  const found = await outputWeights(
    tf,
    conv,
    findLayers(conv),
    partOf(conv, { samples: samplesOf(conv, 8, 1) }),
    1,
  );
  for (const l of findLayers(conv)) {
    const weights = found.get(l.value)!;
    expect(weights.length).toBe(l.rows);
    expect(Math.max(...weights)).toBeGreaterThan(1.05 * Math.min(...weights));
  }
  const net = recurrentNet();
  const layers = findLayers(net);
  const some = await outputWeights(tf, net, layers, partOf(net, { samples: samplesOf(net, 8, 1) }), 1);
  expect(layers.filter((l) => some.has(l.value)).map((l) => l.node.kind)).toEqual(
    layers.filter((l) => l.node.kind === 'dense').map(() => 'dense'),
  );
});

test('a network that can not be differentiated is pruned all the same', async () => {
  const graph = sketch((b) => {
    const x = b.input('x', 'float32', [1, 8]);
    const y = b.one('dense', [x, constant(b, [8, 8], 1), constant(b, [8], 1)]);
    b.output('above', b.one('cast', [b.one('greater', [y, constant(b, [8], 3)])], { to: 'float32' }));
  });
  const samples = samplesOf(graph, 16, 1);
  expect(await outputWeights(tf, graph, findLayers(graph), partOf(graph, { samples }), 1)).toEqual(new Map());
  const { report } = await pruneGraph(graph, { data: { samples }, sparsity: 0.5 });
  expect(report.sparsity.pruned).toBe(0.5);
  expect(report.notes.filter((n) => /no gradient/.test(n))).toHaveLength(1);
});

test.each(['alps', 'obs', 'sparsegpt'] as const)(
  '%s: close to the best of all masks for outputs that weigh differently',
  (method) => {
    const [rows, cols, keep] = [3, 4, 5];
    const rng = random(4);
    const normal = (n: number) => Float64Array.from({ length: n }, () => rng.normal());
    const weights = normal(rows * cols);
    const x = Array.from({ length: 40 }, () => normal(cols));
    const H = new Float64Array(cols * cols);
    for (const v of x)
      for (let i = 0; i < H.length; i++) H[i] += (v[Math.floor(i / cols)] * v[i % cols]) / x.length;
    const outputs = Float64Array.of(3, 1, 0.2);
    const damping = 1e-9;
    const lossOf = (w: Float64Array) => {
      let sum = 0;
      for (let r = 0; r < rows; r++)
        for (let i = 0; i < cols; i++)
          for (let j = 0; j < cols; j++) {
            const d = (k: number) => w[r * cols + k] - weights[r * cols + k];
            sum += outputs[r] ** 2 * d(i) * H[i * cols + j] * d(j);
          }
      return sum;
    };
    const problem = { rows, cols, weights, H, samples: x.length };
    const prune = (o?: Float64Array) =>
      pruneMatrix(problem, { method, keep, damping, ...(o && { outputs: o }) });
    const weighed = prune(outputs);
    expect(weighed.loss).toBeCloseTo(lossOf(weighed.weights), 10);
    const masks = Array.from({ length: 2 ** (rows * cols) }, (_, bits) =>
      Uint8Array.from(weights, (_, i) => (bits >> i) & 1),
    ).filter((m) => countKept(m) === keep);
    const best = Math.min(...masks.map((m) => lossOf(fitMask(problem, m, damping).weights)));
    expect(lossOf(weighed.weights) / best).toBeGreaterThan(0.9999);
    // The masks are those of heuristics; without the weights they are far off.
    expect(lossOf(weighed.weights) / best).toBeLessThan(1.2);
    expect(lossOf(prune().weights) / best).toBeGreaterThan(1.5);
    expect(countKept(weighed.mask)).toBe(keep);
    // Factors that are alike change nothing.
    const alike = prune(Float64Array.of(2, 2, 2));
    expect(alike.mask).toEqual(prune().mask);
    for (const [i, w] of alike.weights.entries()) expect(w).toBeCloseTo(prune().weights[i], 10);
  },
);
