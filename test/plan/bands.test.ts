/** Bands: the same bits as step by step, in less memory; and where there are none. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Graph, ValueId } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { emit } from '../../compiler/pipeline.ts';
import { inBands, keptRows, stepByStep } from '../../compiler/plan/bands.ts';
import type { LinearStep } from '../../compiler/plan/forms.ts';
import { stageGraph } from '../../compiler/plan/stage.ts';
import type { FormatName } from '../../compiler/sparse/index.ts';
import { execute } from '../execute.ts';
import { Sketch } from '../passes/graphs.ts';
import { machine, type Stages, stages } from '../random/compile.ts';
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

/** The bits of single steps; bytes of their arena. */
async function expectSameBits(graph: Graph, made: Stages): Promise<number> {
  const input = inputOf(graph);
  const { wasm, metadata } = await emit(graph, { profile: true });
  const banded = (await machine(made, 'simd'))().run(input);
  expect(bits(banded)).toBe(bits(execute(wasm, metadata, input)));
  return metadata.arenaBytes;
}

const sizes = { large: 64 * 1024, near: 200 * 1024, most: 400 * 1024, leastRows: 2 };
const bands = (graph: Graph) => [...inBands(stageGraph(graph), sizes).bands.values()];

/** Of all outputs; to print how long ones differ would take minutes. */
const bits = (outputs: Readonly<Record<string, Tensor>>) =>
  createHash('sha256')
    .update(Buffer.concat(Object.values(outputs).map(({ data }) => new Uint8Array(data.slice().buffer))))
    .digest('hex');

const inputOf = (graph: Graph) => {
  const { shape } = graph.values.get(graph.inputs[0].value)!;
  return { [graph.inputs[0].name]: sampleTensor({ shape }, random(3)) };
};

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
  const run = ({ wasm, metadata }: typeof banded) => bits(execute(wasm, metadata, inputOf(graph)));
  expect(run(banded)).toBe(run(single));
  expect(banded.metadata.arenaBytes).toBeLessThan(single.metadata.arenaBytes);
});

test('a band holds the rows that its windows see', () => {
  const [{ rows, between }] = bands(
    network({
      size: 64,
      stride: 2,
      pads: [
        [0, 1],
        [0, 1],
      ],
    }),
  );
  const [{ reader, pitch, plane }] = between;
  expect([reader.step, keptRows(reader), pitch]).toEqual([2, 1, 256]);
  expect(plane).toBeGreaterThanOrEqual((rows * 2 + 1) * pitch);
  expect(64 * plane).toBeLessThan(1.1 * sizes.near);
});

interface Layer {
  readonly channels?: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly pad?: number;
}

/** 1×1 convolutions (where `channels` are given) and depthwise ones, with a ReLU behind each but the last. */
function mixed(layers: readonly Layer[], { inputs = 16, size = 48, residual = false } = {}): Graph {
  const s = new Sketch();
  const x = s.input([1, inputs, size, size]);
  const y = layered(s, x, layers);
  return s.done(residual ? s.op('add', [x, y]) : y);
}

function layered(s: Sketch, x: ValueId, layers: readonly Layer[]): ValueId {
  return layers.reduce((y, { channels, kernel = 3, stride = 1, pad = (kernel - 1) / 2 }, i) => {
    const c = s.b.shape(y)[1];
    const made = channels ? s.conv(y, channels, 1) : s.conv(y, c, kernel, { pad, stride, groups: c });
    return i < layers.length - 1 ? s.op('relu', [made]) : made;
  }, x);
}

test.each<[name: string, graph: Graph, forms: string[]]>([
  ['a bottleneck', mixed([{ channels: 96 }, {}, { channels: 24 }]), ['linear window linear']],
  [
    'a bottleneck with a residual, 5×5',
    mixed([{ channels: 96 }, { kernel: 5 }, { channels: 16 }], { residual: true }),
    ['linear window linear'],
  ],
  [
    'stride 2 in the middle, an odd image',
    mixed([{ channels: 64 }, { stride: 2, pad: 1 }, { channels: 96 }, {}], { size: 81 }),
    ['linear window linear window'],
  ],
  [
    'two windows that see beyond',
    mixed([{ channels: 40 }, { kernel: 5 }, { channels: 40 }, { kernel: 5, stride: 2 }], { size: 57 }),
    ['linear window linear window'],
  ],
  [
    'windows without padding',
    mixed([{ channels: 64 }, { pad: 0 }, { channels: 64 }, { pad: 0 }], { size: 50 }),
    ['linear window linear window'],
  ],
  ['a window before all', mixed([{}, { channels: 24 }], { inputs: 64 }), ['window linear']],
])('%s: many steps, the bits of single ones', async (_, graph, expected) => {
  const made = stages(graph);
  expect([...made.staged.bands.values()].map((b) => b.steps.map(({ form }) => form).join(' '))).toEqual(
    expected,
  );
  expect(made.module.memory.arenaBytes).toBeLessThan(await expectSameBits(graph, made));
});

test.each<[why: string, graph: Graph]>([
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
  [
    'an operand that is computed lies whole',
    (() => {
      const s = new Sketch();
      const x = s.input([1, 64, 48, 48]);
      const y = s.op('add', [s.conv(x, 64, 1), x]);
      return s.done(s.conv(y, 64, 3, { pad: 1, groups: 64 }));
    })(),
  ],
])('none where %s', (_, graph) => {
  expect(bands(graph)).toHaveLength(0);
});

test.each<[name: string, layers: Layer[], bands: number]>([
  ['whose rows are read before', [{ channels: 96 }, {}, { channels: 64 }], 1],
  ['whose rows windows read again', [{}, { channels: 64 }], 0],
])('a result takes the place of a residual %s', async (_, layers, count) => {
  // Steps before and behind: inputs and outputs of the network keep places of their own.
  const s = new Sketch();
  const x = s.op('exp', [s.input([1, 64, 48, 48])]);
  const y = s.op('add', [x, layered(s, x, layers)]);
  const graph = s.done(s.op('neg', [s.op('sigmoid', [s.op('exp', [y])])]));
  const made = stages(graph);
  const { module, staged } = made;
  await expectSameBits(graph, made);
  expect(staged.bands.size).toBe(count);
  const { addresses } = module.memory;
  const last = staged.plan.steps.findIndex((step) => step.form === 'linear' && step.epilogue?.args.length);
  const step = staged.plan.steps[last] as LinearStep;
  const residual = step.epilogue!.args.find((a) => !staged.plan.values.get(a.value)!.data)!;
  expect(addresses.get(step.y.value)).toBe(addresses.get(residual.value));
});

test('steps that need too much together are cut where least lies whole', () => {
  // 64 × 48² after the first, 32 × 48² after the third: between them the chain is cut.
  const graph = mixed([{ channels: 64 }, {}, { channels: 32 }, {}, { channels: 64 }, {}]);
  const of = (most: number) =>
    [...inBands(stageGraph(graph), { ...sizes, near: 0, most }).bands.values()].map((b) => b.steps.length);
  expect(of(Infinity)).toEqual([6]);
  expect(of(150 * 1024)).toEqual([3, 3]);
  expect(of(0)).toEqual([2, 2, 2]);
});

test('none in profiles', () => {
  expect(stepByStep(stageGraph(network())).bands.size).toBe(0);
});
