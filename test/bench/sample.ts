import { seededRandom } from '../../compiler/bench/stats.ts';
import type { BenchReport, Latency, LayerFacts, SizeSet } from '../../compiler/bench/types.ts';

/** A report in which every part is filled, with invented numbers. */
export function sampleReport(): BenchReport {
  const random = seededRandom(1);
  const latency = (median: number, speedup: number): Latency => ({
    median,
    p95: median * 1.09,
    min: median * 0.97,
    inner: 4,
    samples: Array.from({ length: 60 }, () => median * (0.9 + 0.2 * random())),
    speedup: {
      value: speedup,
      low: speedup === 1 ? 1 : speedup * 0.97,
      high: speedup === 1 ? 1 : speedup * 1.04,
    },
  });
  const cold = (median: number, rss: number) => ({
    median,
    interval: { low: median * 0.94, high: median * 1.05 },
    wall: median + 42,
    rss,
    samples: [median],
  });
  const size = (raw: number, gzip: number, brotli: number): SizeSet => ({
    files: [{ name: 'model.bin', raw, gzip, brotli }],
    raw,
    gzip,
    brotli,
  });
  const layer = (name: string, rows: number, cols: number, density: number, us: number): LayerFacts => {
    const nnz = Math.round(rows * cols * density);
    return {
      name,
      op: 'Dense',
      form: 'linear',
      shape: [1, rows],
      format: density < 0.6 ? 'csr' : 'dense',
      kernel: density < 0.6 ? 'f32_linear_csr_1x1' : 'f32_linear_dense_4x1',
      reason: density < 0.6 ? 'csr predicted 4.1× faster than dense' : 'protected: last layer',
      rows,
      cols,
      nnz,
      sparsity: 1 - nnz / (rows * cols),
      bytes: density < 0.6 ? nnz * 6 + rows * 4 : rows * cols * 4,
      denseBytes: rows * cols * 4,
      macs: nnz,
      predictedNs: us * 930,
      measuredNs: us * 1000,
    };
  };
  const curve = (method: string, at: (s: number) => number) =>
    [0.5, 0.7, 0.8, 0.9, 0.95, 0.98].map((sparsity) => ({
      method,
      sparsity,
      accuracy: at(sparsity),
      interval: { low: at(sparsity) - 0.004, high: at(sparsity) + 0.003 },
      bytes: 4e3 + 266_200 * (1 - sparsity) * 6,
      latency: 0.002 + 0.06 * (1 - sparsity),
      chosen: method.startsWith('ALPS') && sparsity === 0.9,
    }));
  return {
    schema: 1,
    model: {
      name: 'LeNet-300-100',
      hash: '9f2c4e1ab07d5538c6e2f1b48a90d7735e6c1f20b4a8d99e7c3b5a6610f2e4d8',
      inputs: [{ name: 'input', dtype: 'float32', shape: [1, 784] }],
      outputs: [{ name: 'digits', dtype: 'float32', shape: [1, 10] }],
      params: 266_610,
    },
    machine: {
      cpu: 'AMD EPYC',
      cores: 2,
      memory: 8.3e9,
      os: 'Linux 6.1.0 x64',
      engine: 'Node 20.20.2, V8 11.3.244.8',
      versions: { '@tensorflow/tfjs-backend-wasm': '4.22.0', assemblyscript: '0.28.20' },
      command: 'espalier bench lenet-300-100/model.json --sparsity 0.9',
      date: '2026-11-24T04:00:00.000Z',
      peak: { gmacs: 29.9, l1GBs: 117 },
    },
    options: { sparsity: 0.9, allocation: 'lamp', seed: 1 },
    variants: [
      {
        id: 'tfjs-wasm',
        title: 'tfjs, wasm backend',
        kind: 'reference',
        latency: latency(0.083, 1),
        coldStart: cold(101, 67e6),
        size: size(2.42e6, 1.31e6, 1.19e6),
        accuracy: { top1: 0.9712, n: 2000 },
      },
      {
        id: 'dense',
        title: 'espalier, dense',
        kind: 'dense',
        latency: latency(0.046, 1.8),
        coldStart: cold(4.1, 46e6),
        size: size(1.071e6, 988e3, 981e3),
        peakMemory: 1.2e6,
        accuracy: { top1: 0.9712, n: 2000 },
        agreement: { maxAbs: 2.4e-7, meanAbs: 3e-8, relL2: 8e-8, top1Agreement: 1, n: 2000 },
      },
      {
        id: 'sparse',
        title: 'espalier, 90 % pruned',
        kind: 'sparse',
        latency: latency(0.0123, 6.74),
        coldStart: cold(2.3, 44e6),
        size: size(168e3, 139e3, 131e3),
        peakMemory: 262e3,
        accuracy: { top1: 0.9698, n: 2000 },
        agreement: { maxAbs: 0.21, meanAbs: 0.004, relL2: 0.03, top1Agreement: 0.9945, n: 2000 },
      },
    ],
    zeroedDense: size(1.067e6, 231e3, 187e3),
    emptyProcess: { ...cold(0, 41e6), wall: 38 },
    layers: [
      layer('dense_1', 300, 784, 0.08, 9.1),
      layer('dense_2', 100, 300, 0.2, 2.4),
      layer('digits', 10, 100, 1, 0.31),
    ],
    sweep: {
      metric: 'top-1 accuracy',
      dense: 0.9712,
      points: [
        ...curve('magnitude', (s) => 0.971 - 0.9 * s ** 12),
        ...curve('SparseGPT', (s) => 0.971 - 0.12 * s ** 14),
        ...curve('ALPS · element', (s) => 0.971 - 0.06 * s ** 14),
      ],
    },
    notes: [
      'Accuracy on 2,000 held-out digits that no step has seen.',
      'tfjs-node is not installed: its row is missing.',
    ],
  };
}
