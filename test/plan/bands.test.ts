/** Bands: the same bits as step by step, in less memory; and where there are none. */
import { expect, test } from 'vitest';
import type { ValueId } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import { emit } from '../../compiler/pipeline.ts';
import { inBands, stepByStep } from '../../compiler/plan/bands.ts';
import { stageGraph } from '../../compiler/plan/stage.ts';
import type { FormatName } from '../../compiler/sparse/index.ts';
import { execute } from '../execute.ts';
import { Sketch } from '../passes/graphs.ts';
import { sampleTensor } from '../samples.ts';

interface Options {
  readonly stride?: number;
  readonly pads?: readonly (readonly [number, number])[];
  readonly size?: number;
  readonly kernel?: number;
  readonly expand?: number;
  readonly channels?: readonly [inputs: number, between: number];
  readonly format?: FormatName;
}

const around = [
  [1, 1],
  [1, 1],
] as const;

const around5 = [
  [2, 2],
  [2, 2],
] as const;

/** A 1×1 (or larger) convolution, a ReLU and a depthwise one. */
function network(
  {
    stride = 1,
    pads = around,
    size = 61,
    kernel = 3,
    expand = 1,
    channels: [inputs, c] = [8, 64],
  }: Options = {},
  more: (s: Sketch, x: ValueId, between: ValueId, y: ValueId) => ValueId[] = (_s, _x, _b, y) => [y],
) {
  const s = new Sketch();
  const x = s.input([1, inputs, size, size]);
  const between = s.op('relu', [s.conv(x, c, expand, { pad: (expand - 1) / 2 })]);
  const y = s.op('conv', [between, s.constant([c, 1, kernel, kernel]), null], {
    strides: [stride, stride],
    dilations: [1, 1],
    pads,
    groups: c,
  });
  return s.done(...more(s, x, between, y));
}

const sizes = { large: 64 * 1024, near: 200 * 1024, leastRows: 2 };
const bands = (graph: ReturnType<typeof network>) => [...inBands(stageGraph(graph), sizes).bands.values()];

test.each<[name: string, options: Options]>([
  ['stride 1', {}],
  ['an even image', { size: 64 }],
  [
    'stride 2, padding behind',
    {
      size: 64,
      stride: 2,
      pads: [
        [0, 1],
        [0, 1],
      ],
    },
  ],
  [
    'stride 2, padding before',
    {
      size: 64,
      stride: 2,
      pads: [
        [1, 0],
        [1, 0],
      ],
    },
  ],
  ['stride 2, around', { stride: 2 }],
  [
    'no padding',
    {
      pads: [
        [0, 0],
        [0, 0],
      ],
    },
  ],
  [
    'padding at one side',
    {
      pads: [
        [0, 1],
        [1, 0],
      ],
    },
  ],
  ['a first convolution that is padded itself', { expand: 3 }],
  ['5×5, whose last band is one row', { kernel: 5, pads: around5 }],
  ['5×5, stride 2', { kernel: 5, stride: 2, pads: around5 }],
  ['tiles that are copied', { channels: [256, 256], size: 28, format: 'csr' }],
])('%s: the bits of single steps, in less memory', async (_, options) => {
  const graph = network({ size: 61, ...options });
  expect(bands(graph)).toHaveLength(1);
  const { format } = options;
  const [banded, single] = [await emit(graph, { format }), await emit(graph, { format, profile: true })];
  const input = sampleTensor({ shape: graph.values.get(graph.inputs[0].value)!.shape }, random(3));
  const run = ({ wasm, metadata }: typeof banded) =>
    Object.values(execute(wasm, metadata, { [graph.inputs[0].name]: input }))[0].data;
  expect(run(banded)).toEqual(run(single));
  expect(banded.metadata.arenaBytes).toBeLessThan(single.metadata.arenaBytes);
});

test('a band holds the rows that its windows see', () => {
  const [{ rows, step, kept, pitch, plane }] = bands(
    network({
      size: 64,
      stride: 2,
      pads: [
        [0, 1],
        [0, 1],
      ],
    }),
  );
  expect([step, kept, pitch]).toEqual([2, 1, 256]);
  expect(plane).toBeGreaterThanOrEqual((rows * step + kept) * pitch);
  expect(64 * plane).toBeLessThan(1.1 * sizes.near);
});

test.each<[why: string, graph: ReturnType<typeof network>]>([
  ['another reader', network({}, (s, _x, between, y) => [y, s.op('exp', [between])])],
  [
    'a depthwise kernel that needs margins',
    network({
      kernel: 7,
      pads: [
        [3, 3],
        [3, 3],
      ],
    }),
  ],
  ['it is small', network({ size: 12 })],
])('none where %s', (_, graph) => {
  expect(bands(graph)).toHaveLength(0);
});

test('none in profiles', () => {
  expect(stepByStep(stageGraph(network())).bands.size).toBe(0);
});
