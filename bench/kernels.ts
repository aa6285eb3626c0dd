/** Times every kernel of the table that fits a shape, and dense tfjs-wasm, alternating in one process on one thread. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type KernelMachine, kernelMachine } from '../compiler/bench/kernel-machine.ts';
import { loadProbe, measurePeak } from '../compiler/bench/peak.ts';
import { compare, type Task } from '../compiler/bench/runner.ts';
import { seededRandom } from '../compiler/bench/stats.ts';
import {
  type Build,
  chooseLinear,
  chooseWindow,
  type LinearCase,
  type LinearKernel,
  linearCase,
  linearKernels,
  mostBytes,
  windowKernels,
} from '../compiler/kernels.ts';
import { planeStride } from '../compiler/plan/layout.ts';
import { type Tile, tiled } from '../compiler/plan/tiling.ts';
import { loadBackend } from '../compiler/prune/train/backend.ts';
import type { Matrix } from '../compiler/sparse/format.ts';
import { formats } from '../compiler/sparse/index.ts';
import { roundUp } from '../compiler/sparse/offsets.ts';
import { type ImageShape, macs, type Shape, shapeName, shapes } from './shapes.ts';

export interface KernelRow {
  readonly group: string;
  readonly shape: string;
  /** How many layers of the network are of this shape. */
  readonly times: number;
  readonly density: number;
  /** Rows × columns of the pattern of zeros. */
  readonly block: string;
  readonly kernel: string;
  readonly chosen: boolean;
  readonly oursNs: number;
  /** What the cost model says, and from what: `bench/fit.ts` fits it to these. */
  readonly predictedNs: number;
  readonly case?: LinearCase;
  readonly blocks?: number;
  readonly peerNs: number;
  /** Time of dense tfjs-wasm over ours, with its 95 % interval. */
  readonly ratio: number;
  readonly interval: readonly [low: number, high: number];
  /** 10⁹ multiply-adds a second by weights that are not zero. */
  readonly gmacs: number;
  /** The same as a share of what this machine multiplies and adds in registers. */
  readonly share: number;
  /** Nanoseconds that the kernel's loop takes for the layer where one tile of input and results lies in a row: nothing is copied or far. */
  readonly loopNs?: number;
}

export interface KernelBenchOptions {
  readonly groups?: readonly string[];
  readonly densities?: readonly number[];
  /** Shapes whose name contains this. */
  readonly shape?: string;
  /** Time every kernel that may be chosen instead of the one that is. */
  readonly all?: boolean;
  /** Time these kernels, chosen or not, whatever bytes they take. */
  readonly kernels?: readonly string[];
  /** Rows × columns of weights that are zero together. */
  readonly block?: readonly [number, number];
  readonly minRounds?: number;
  readonly minTimeMs?: number;
  /** How often rows with a disturbed peer are measured again; kernels that alternate with each other need none of it. */
  readonly retries?: number;
  readonly build?: Build;
  readonly onRow?: (row: KernelRow) => void;
}

/**
 * Rows with our times at the clock at which the peer was fastest on a shape: what it took longer in a row, the clock or others on the
 * machine took from ours too.
 */
export function steadied<R extends KernelRow>(rows: readonly R[]): R[] {
  const peers = new Map<string, number>();
  for (const r of rows) peers.set(r.shape, Math.min(peers.get(r.shape) ?? r.peerNs, r.peerNs));
  return rows.map((r) => ({ ...r, oursNs: (r.oursNs * peers.get(r.shape)!) / r.peerNs }));
}

const memoryBytes = 256 * 1024 * 1024;

export async function benchKernels(options: KernelBenchOptions = {}): Promise<KernelRow[]> {
  const {
    groups,
    densities = [1, 0.5, 0.3, 0.2, 0.1, 0.05],
    minRounds = 15,
    minTimeMs = 60,
    retries = 3,
  } = options;
  const build = options.build ?? 'simd';
  const tf = await loadBackend('wasm');
  const { gmacs: peak } = await measurePeak();
  const probe = await loadProbe();
  const machine = await kernelMachine(build, [...linearKernels, ...windowKernels], memoryBytes);
  const rows: KernelRow[] = [];
  for (const shape of shapes) {
    if (groups && !groups.includes(shape.group)) continue;
    if (options.shape !== undefined && !shapeName(shape).includes(options.shape)) continue;
    const peer = peerOf(tf, shape);
    const measure = async (density: number): Promise<KernelRow[]> => {
      machine.reset();
      const block = options.block ?? [1, 1];
      const ours =
        shape.kind === 'depthwise'
          ? window(machine, shape, build)
          : linear(machine, shape, density, block, build);
      const tested = ours.filter((o) =>
        options.kernels ? options.kernels.includes(o.name) : options.all ? o.fits : o.chosen,
      );
      const placed = tested.map(({ name, place }) => ({ name, run: place() }));
      const loops = tested.flatMap(({ name, loop }) =>
        loop ? [{ name: `loop of ${name}`, run: loop.place() }] : [],
      );
      const results = await compare([{ name: 'tfjs-wasm', run: peer.run }, ...placed, ...loops], {
        minRounds,
        minTimeMs,
        warmupMs: 20,
        probe,
      });
      return tested.map((o, i) => {
        const r = results[i + 1];
        const gmacs = (o.macs / r.median) * 1e-6;
        const loop = results.find((l) => l.name === `loop of ${o.name}`);
        return {
          group: shape.group,
          shape: shapeName(shape),
          times: shape.times,
          density,
          block: block.join('x'),
          kernel: o.name,
          chosen: o.chosen,
          oursNs: r.median * 1e6,
          predictedNs: o.predictedNs,
          case: o.case,
          blocks: o.blocks,
          peerNs: results[0].median * 1e6,
          ratio: r.speedup.value,
          interval: [r.speedup.low, r.speedup.high],
          gmacs,
          share: gmacs / peak,
          ...(loop && { loopNs: loop.median * 1e6 * o.loop!.tiles }),
        };
      });
    };
    const own = await settled(shape.kind === 'depthwise' ? [1] : densities, retries, measure);
    for (const row of own) options.onRow?.(row);
    rows.push(...own);
    peer.dispose();
  }
  return rows;
}

/** The peer's work is the same at every density: where it took this much longer than elsewhere, it was disturbed. */
const peerSlack = 1.2;

/** The rows of all densities, those with a disturbed peer measured again. */
async function settled(
  densities: readonly number[],
  retries: number,
  measure: (density: number) => Promise<KernelRow[]>,
): Promise<KernelRow[]> {
  const found: KernelRow[][] = [];
  for (const d of densities) found.push(await measure(d));
  for (let i = 0; i < retries; i++) {
    const least = Math.min(...found.flat().map((r) => r.peerNs));
    for (const [k, d] of densities.entries()) {
      if (found[k].some((r) => r.peerNs > peerSlack * least)) found[k] = await measure(d);
    }
  }
  return found.flat();
}

interface Ours {
  readonly name: string;
  /** Puts its operands into the machine's memory. */
  place(): Task['run'];
  readonly chosen: boolean;
  /** Whether it may be chosen by the bytes of its weights, and is no sparse format that it stands in for. */
  readonly fits: boolean;
  readonly predictedNs: number;
  readonly case?: LinearCase;
  readonly blocks?: number;
  /** Multiply-adds of weights that are not zero. */
  readonly macs: number;
  /** One of `tiles` tiles, with input and results in a row. */
  readonly loop?: { place(): Task['run']; readonly tiles: number };
}

function linear(
  m: KernelMachine,
  shape: Exclude<Shape, { kind: 'depthwise' }>,
  density: number,
  block: readonly [number, number],
  build: Build,
): Ours[] {
  const { plane, pixels, width, pitch, offsets } = view(shape);
  const w = sparseMatrix(shape.rows, offsets.length, density, block);
  const yRow = pixels === 1 ? 4 : 4 * planeStride(pixels);
  const zeros = shape.kind === 'matrix' ? shape.zeros : 0;
  const problem = { pixels, width, pitch, yRow, build, zeros, scratch: true };
  const c = linearCase(w, offsets, problem);
  const choice = chooseLinear(w, offsets, { ...problem, objective: 'speed' });
  const addresses: Record<string, number> = {
    x: m.random(shape.cols * plane, c.zeros),
    y: m.random((w.rows * yRow) / 4),
    bias: m.random(w.rows),
    rows: w.rows,
    cols: w.cols,
    pixels,
    width,
    pitch,
    yRow,
    e0: 0,
    e1: 0,
  };
  const useful = (formats.csr.count(w) * macs(shape)) / (w.rows * w.cols);
  const area = macs(shape) / (w.rows * w.cols);
  const denseBytes = formats.dense.bytes(w, offsets);
  const parts = (kernel: LinearKernel, blocks: number) => tiled(w, offsets, c, { kernel, blocks });
  return choice.candidates.flatMap(({ format, blocks, bytes }) => {
    const { storesZeros } = formats[format];
    const standsIn = format === 'dense' || !storesZeros || formats[choice.format].storesZeros === true;
    return linearKernels
      .filter((kernel) => kernel.format === format && kernel.accepts(c))
      .map((kernel) => ({
        name: kernel.name,
        place: () => m.task(kernel, m.place(parts(kernel, blocks), addresses)),
        chosen: kernel === choice.kernel,
        fits: bytes <= mostBytes(denseBytes) && standsIn,
        predictedNs: kernel.cost(c, blocks),
        case: c,
        blocks,
        macs: useful,
        ...(format === 'csr' && { loop: loopOf(m, w, offsets, plane, area, parts(kernel, blocks)[0].tile) }),
      }));
  });
}

/** The kernel of `csr` with the most pixels a tile, whose loop is timed by itself. */
const loopKernel = linearKernels.find((k) => k.name === 'f32_linear_csr_1x48')!;

/** The loop over one tile, as many pixels of which are copied or passed over at a time; nothing where the layer is smaller. */
function loopOf(
  m: KernelMachine,
  w: Matrix,
  offsets: Int32Array,
  plane: number,
  area: number,
  copied: Tile | undefined,
): Ours['loop'] {
  const pixels = copied?.pixels ?? loopKernel.walks!;
  const tiles = area / pixels;
  if (tiles < 1) return undefined;
  return { place: () => oneTile(m, w, tileOffsets(offsets, plane, pixels), pixels), tiles };
}

/** The columns where only a tile of each plane is kept, with what taps see beyond it. */
function tileOffsets(offsets: Int32Array, plane: number, pixels: number): Int32Array {
  const bytes = 4 * plane;
  const reach = Math.max(...offsets.map((o) => o % bytes));
  return offsets.map((o) => Math.floor(o / bytes) * roundUp(reach + 4 * pixels, 16) + (o % bytes));
}

function oneTile(m: KernelMachine, w: Matrix, offsets: Int32Array, pixels: number): () => void {
  const shared = {
    x: m.random(Math.max(...offsets) / 4 + pixels),
    y: m.random(w.rows * pixels),
    bias: m.random(w.rows),
    rows: w.rows,
    pixels,
    yRow: 4 * pixels,
    e0: 0,
    e1: 0,
  };
  const part = { packed: formats.csr.pack(w, offsets), swath: loopKernel.walks };
  return m.task(loopKernel, m.place([part], shared));
}

/** The input as planes of floats that carry their padding, and the byte offset of every column of the weights in them. */
function view(s: Exclude<Shape, { kind: 'depthwise' }>): {
  plane: number;
  pixels: number;
  width: number;
  pitch: number;
  offsets: Int32Array;
} {
  if (s.kind === 'matrix') {
    const plane = s.pixels === 1 ? 1 : planeStride(s.pixels);
    const { pixels } = s;
    return {
      plane,
      pixels,
      width: pixels,
      pitch: pixels,
      offsets: Int32Array.from({ length: s.cols }, (_, k) => 4 * k * plane),
    };
  }
  const out = s.size / s.stride;
  const pitch = out + 1;
  const phase = planeStride((out + 2) * pitch + 1);
  const offsets: number[] = [];
  for (let c = 0; c < s.cols; c++) {
    for (let v = 0; v < s.kernel; v++) {
      for (let u = 0; u < s.kernel; u++) {
        const [row, column] = [Math.floor(v / s.stride), Math.floor(u / s.stride)];
        const split = c * s.stride ** 2 + (v % s.stride) * s.stride + (u % s.stride);
        offsets.push(4 * (split * phase + row * pitch + column));
      }
    }
  }
  const pixels = (out - 1) * pitch + out;
  return { plane: phase * s.stride ** 2, pixels, width: out, pitch, offsets: Int32Array.from(offsets) };
}

function window(m: KernelMachine, shape: ImageShape, build: Build): Ours[] {
  const out = Math.ceil(shape.size / shape.stride);
  // As networks have it: kernels pad by themselves, at stride 2 more behind the plane than before it.
  const padding = shape.kernel - shape.stride;
  const [before, behind] = [Math.floor(padding / 2), Math.ceil(padding / 2)];
  const pitch = shape.size;
  const plane = planeStride(pitch * pitch);
  const counts = {
    channels: shape.cols,
    kh: shape.kernel,
    kw: shape.kernel,
    strideY: shape.stride,
    strideX: shape.stride,
    dilationY: 1,
    dilationX: 1,
    outH: out,
    outW: out,
    padTop: before,
    padLeft: before,
    padBottom: behind,
    padRight: behind,
  };
  const c = { op: 'conv', build, ...counts } as const;
  const addresses: Record<string, number> = {
    ...counts,
    x: m.random(shape.cols * plane) - 4 * before * (pitch + 1),
    y: m.random(shape.cols * planeStride(out * out)),
    bias: m.random(shape.cols),
    weights: m.random(shape.cols * shape.kernel ** 2),
    xC: 4 * plane,
    yC: 4 * planeStride(out * out),
    xPitch: 4 * pitch,
    yPitch: 4 * out,
    e0: 0,
    e1: 0,
  };
  const choice = chooseWindow(c);
  return windowKernels
    .filter((kernel) => kernel.accepts(c))
    .map((kernel) => ({
      name: kernel.name,
      place: () => m.task(kernel, [{ args: addresses }]),
      chosen: kernel === choice?.kernel,
      fits: true,
      predictedNs: kernel.cost(c),
      macs: macs(shape),
    }));
}

/** Zeros fall on whole blocks, at random, as many as the density says. */
function sparseMatrix(
  rows: number,
  cols: number,
  density: number,
  [height, width]: readonly [number, number],
): Matrix {
  const next = seededRandom(rows * 131 + cols);
  const across = Math.ceil(cols / width);
  const blocks = Array.from({ length: Math.ceil(rows / height) * across }, (_, i) => ({ i, key: next() }));
  const kept = blocks.sort((a, b) => a.key - b.key).slice(0, Math.floor(density * blocks.length));
  const data = new Float32Array(rows * cols);
  for (const { i } of kept) {
    const [r, k] = [Math.floor(i / across) * height, (i % across) * width];
    for (let row = r; row < Math.min(rows, r + height); row++) {
      for (let col = k; col < Math.min(cols, k + width); col++) data[row * cols + col] = next() - 0.5 || 0.5;
    }
  }
  return { rows, cols, data };
}

type Tf = Awaited<ReturnType<typeof loadBackend>>;

/** The dense layer in tfjs-wasm, with bias and ReLU fused. */
function peerOf(tf: Tf, s: Shape): { run: () => void; dispose: () => void } {
  const random = (...shape: number[]) => tf.randomUniform(shape, -1, 1, 'float32', 1);
  const bias = random(s.rows);
  if (s.kind === 'matrix' && s.pixels === 1) {
    const [a, b] = [
      tf.tensor2d(random(1, s.cols).dataSync(), [1, s.cols]),
      tf.tensor2d(random(s.cols, s.rows).dataSync(), [s.cols, s.rows]),
    ];
    return {
      run: () => tf.fused.matMul({ a, b, bias, activation: 'relu' }).dispose(),
      dispose: () => tf.dispose([a, b, bias]),
    };
  }
  const side = s.kind === 'matrix' ? Math.sqrt(s.pixels) : s.size;
  const k = s.kind === 'matrix' ? 1 : s.kernel;
  const depthwise = s.kind === 'depthwise';
  const x = random(1, side, side, s.cols) as import('@tensorflow/tfjs').Tensor4D;
  const filter = random(k, k, s.cols, depthwise ? 1 : s.rows) as import('@tensorflow/tfjs').Tensor4D;
  const layer = depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
  const strides = s.kind === 'matrix' ? 1 : s.stride;
  return {
    run: () => layer({ x, filter, strides, pad: 'same', bias, activation: 'relu' }).dispose(),
    dispose: () => tf.dispose([x, filter, bias]),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flag = (name: string) => process.argv.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
  const rows = await benchKernels({
    groups: flag('groups')?.split(','),
    densities: flag('densities')?.split(',').map(Number),
    shape: flag('shape'),
    all: process.argv.includes('--all'),
    block: flag('block')?.split('x').map(Number) as [number, number] | undefined,
    build: flag('build') as Build | undefined,
    minRounds: Number(flag('rounds') ?? 15),
    minTimeMs: Number(flag('time') ?? 60),
    onRow: (r) =>
      process.stderr.write(
        `${r.group} ${r.shape} density ${r.density} ${r.chosen ? '*' : ' '} ${r.kernel}: ${(r.oursNs / 1e3).toFixed(1)} µs ` +
          `(predicted ${(r.predictedNs / 1e3).toFixed(1)}), tfjs-wasm ${(r.peerNs / 1e3).toFixed(1)}: ${r.ratio.toFixed(2)} × ` +
          `[${r.interval.map((v) => v.toFixed(2)).join(', ')}], ${r.gmacs.toFixed(1)} GMAC/s, ${(100 * r.share).toFixed(0)} % of peak\n`,
      ),
  });
  const file = flag('json');
  if (file) writeFileSync(file, `${JSON.stringify(rows, null, 1)}\n`);
}
