/** The density of weights below which our sparse kernels beat our dense one, whatever bytes they take. */
import { benchKernels, type KernelRow, steadied } from './kernels.ts';

/** Shares of weights that are not zero; 1 where sparse kernels win at any density that was measured. */
export interface BreakEven {
  readonly layers: string;
  /** Of entries that are stored one by one. */
  readonly csr: number;
  /** Of the fastest sparse kernel of each layer. */
  readonly density: number;
}

const dense = 'f32_linear_dense_4x8';
const csr = ['f32_linear_csr_1x48', 'f32_linear_csr16_1x48'];
/** Pairs of rows store a column where either has a weight: almost every one at such densities, with fewer loads for each. */
const sparse = [...csr, 'f32_linear_bsr2x1_2x16'];
const densities = [0.9, 0.75, 0.6, 0.45];
const groups = { '1×1 of MobileNetV1': 'mobilenet_v1', '3×3 of ResNets': 'resnet_3x3' } as const;

/** Of the sums over the layers of each group. */
export async function benchBreakEven(minRounds: number, minTimeMs: number): Promise<BreakEven[]> {
  const kernels = [dense, ...sparse];
  const rows = await benchKernels({
    groups: Object.values(groups),
    densities,
    kernels,
    minRounds,
    minTimeMs,
  });
  const steady = steadied(rows);
  return Object.entries(groups).map(([layers, group]) => {
    const own = steady.filter((r) => r.group === group);
    return { layers, csr: crossing(own, csr), density: crossing(own, sparse) };
  });
}

/** Where the time of the fastest of the `sparse` kernels in each layer, linear between densities, meets that of the dense one; 1 where it never does. */
function crossing(rows: readonly KernelRow[], sparse: readonly string[]): number {
  const sum = (kernels: readonly string[], density: number) => {
    const least = new Map<string, number>();
    for (const r of rows) {
      if (!kernels.includes(r.kernel) || r.density !== density) continue;
      const time = r.times * r.oursNs;
      least.set(r.shape, Math.min(least.get(r.shape) ?? time, time));
    }
    return [...least.values()].reduce((n, time) => n + time, 0);
  };
  const measured = [...new Set(rows.map((r) => r.density))].sort((a, b) => a - b);
  // The dense kernel does the same work at every density.
  const whole = measured.reduce((n, d) => n + sum([dense], d), 0) / measured.length;
  const times = measured.map((d) => sum(sparse, d));
  const above = times.findIndex((t) => t > whole);
  const i = Math.max(1, above < 0 ? times.length - 1 : above);
  const [[d0, t0], [d1, t1]] = [
    [measured[i - 1], times[i - 1]],
    [measured[i], times[i]],
  ];
  return Math.min(1, d0 + ((whole - t0) * (d1 - d0)) / (t1 - t0));
}
