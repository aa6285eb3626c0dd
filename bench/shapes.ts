/** The layer shapes that kernels are timed on. */

interface Layer {
  readonly group: string;
  /** How many layers of the network are of this shape. */
  readonly times: number;
}

/** `pixels` × `cols` → `rows`, as a 1×1 convolution or (one pixel) a dense layer. */
export interface MatrixShape extends Layer {
  readonly kind: 'matrix';
  readonly pixels: number;
  readonly rows: number;
  readonly cols: number;
  /** Share of the inputs that is zero when it runs. */
  readonly zeros?: number;
}

/** A convolution with `same` padding on a square image, or (`depthwise`) one filter per channel. */
export interface ImageShape extends Layer {
  readonly kind: 'conv' | 'depthwise';
  readonly size: number;
  readonly rows: number;
  readonly cols: number;
  readonly kernel: number;
  readonly stride: 1 | 2;
}

export type Shape = MatrixShape | ImageShape;

const matrices = (group: string, list: string): MatrixShape[] =>
  list.split('·').map((item) => {
    const [pixels, rows, cols, times = 1] = item.trim().split(/ ×?/).map(Number);
    return { kind: 'matrix', group, times, pixels, rows, cols };
  });

const convolutions = (
  group: string,
  stride: 1 | 2,
  list: readonly [size: number, cols: number, rows: number][],
): ImageShape[] =>
  list.map(([size, cols, rows]) => ({ kind: 'conv', group, times: 1, size, rows, cols, kernel: 3, stride }));

const depthwise = (
  group: string,
  kernel: number,
  list: readonly [size: number, cols: number, stride: 1 | 2, times?: number][],
) =>
  list.map(
    ([size, cols, stride, times = 1]): ImageShape => ({
      kind: 'depthwise',
      group,
      times,
      size,
      rows: cols,
      cols,
      kernel,
      stride,
    }),
  );

const denseLayers = '1 300 784 · 1 100 300 · 1 128 640 · 1 1000 1024 · 1 1024 4096';

/** The 1×1 lists of MobileNetV2 and ShuffleNetV1 are those of XNNPACK's sparse benchmark: pixels, outputs, inputs. */
export const shapes: readonly Shape[] = [
  ...matrices(
    'mobilenet_v1',
    '12544 64 32 · 3136 128 64 · 3136 128 128 · 784 256 128 · 784 256 256 · 196 512 256 · 196 512 512 ×5 · 49 1024 512 · 49 1024 1024',
  ),
  ...matrices(
    'mobilenet_v2',
    '12544 16 32 · 12544 96 16 · 3136 24 96 · 3136 144 24 · 3136 24 144 · 784 32 144 · 784 192 32 · 784 32 192 · 196 64 192 · 196 384 64 · 196 64 384 · 196 96 384 · 196 576 96 · 196 96 576 · 49 160 576 · 49 960 160 · 49 160 960 · 49 320 960 · 49 1280 320',
  ),
  ...matrices(
    'shufflenet_v1_g2',
    '3136 50 24 · 784 88 25 · 784 25 100 · 784 100 25 · 784 50 100 · 196 100 50 · 196 50 200 · 196 200 50 · 196 100 200 · 49 200 100 · 49 100 400 · 49 400 100',
  ),
  ...matrices(
    'shufflenet_v1_g8',
    '3136 96 24 · 784 45 12 · 784 12 48 · 784 48 12 · 784 24 48 · 196 48 24 · 196 24 96 · 196 96 24 · 196 48 96 · 49 96 48 · 49 48 192 · 49 192 48',
  ),
  ...convolutions('first_3x3s2', 2, [[224, 3, 32]]),
  ...convolutions('resnet_3x3', 1, [
    [32, 16, 16],
    [16, 32, 32],
    [8, 64, 64],
    [56, 64, 64],
    [28, 128, 128],
  ]),
  ...depthwise('depthwise_3x3', 3, [
    [112, 32, 1],
    [112, 64, 2],
    [56, 128, 1],
    [56, 128, 2],
    [28, 256, 1],
    [28, 256, 2],
    [14, 512, 1, 5],
    [14, 512, 2],
    [7, 1024, 1],
  ]),
  ...depthwise('depthwise_5x5', 5, [
    [56, 64, 1],
    [28, 128, 1],
    [14, 256, 1],
    [28, 128, 2],
  ]),
  ...matrices('dense', denseLayers),
  ...[0.5, 0.8].flatMap((zeros) => matrices('dense_zero_inputs', denseLayers).map((s) => ({ ...s, zeros }))),
];

export const shapeName = (s: Shape): string =>
  s.kind === 'matrix'
    ? `${s.pixels}x${s.rows}x${s.cols}${s.zeros ? `, ${100 * s.zeros} % of inputs zero` : ''}`
    : `${s.kernel}x${s.kernel}${s.stride === 2 ? 's2' : ''} ${s.cols}→${s.rows} @${s.size}²`;

/** Multiply-adds of the dense layer. */
export function macs(s: Shape): number {
  if (s.kind === 'matrix') return s.pixels * s.rows * s.cols;
  const out = Math.ceil(s.size / s.stride);
  return out * out * s.kernel * s.kernel * s.rows * (s.kind === 'conv' ? s.cols : 1);
}
