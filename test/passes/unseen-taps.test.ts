import { expect, test } from 'vitest';
import type { Graph } from '../../compiler/ir/graph.ts';
import { shrink } from '../../compiler/passes/index.ts';
import { unseenTaps } from '../../compiler/passes/unseen-taps.ts';
import { emit } from '../../compiler/pipeline.ts';
import { expectSame, Sketch } from './graphs.ts';

interface Case {
  readonly size: readonly [height: number, width: number];
  readonly kernel: readonly [height: number, width: number];
  readonly pads: readonly (readonly [number, number])[];
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly groups?: number;
}

function network({ size, kernel, pads, strides = [1, 1], dilations = [1, 1], groups = 1 }: Case): Graph {
  const s = new Sketch();
  const w = s.constant([4, 4 / groups, ...kernel]);
  return s.done(
    s.op('conv', [s.input([1, 4, ...size]), w, s.constant([4])], { strides, dilations, pads, groups }),
  );
}

const kernelOf = (g: Graph) =>
  g.values.get(g.nodes.find((n) => n.kind === 'conv')!.inputs[1]!)!.shape.slice(2);
const around = (n: number) =>
  [
    [n, n],
    [n, n],
  ] as const;

test.each<[name: string, c: Case, left: readonly number[]]>([
  ['a frame', { size: [1, 1], kernel: [3, 3], pads: around(1) }, [1, 1]],
  [
    'two frames',
    {
      size: [2, 1],
      kernel: [5, 3],
      pads: [
        [2, 2],
        [1, 1],
      ],
    },
    [3, 1],
  ],
  ['one by one, of each channel', { size: [1, 1], kernel: [3, 3], pads: around(1), groups: 4 }, [1, 1]],
  ['two by two, of each channel', { size: [2, 2], kernel: [5, 5], pads: around(2), groups: 4 }, [3, 3]],
  [
    'two lines, of each channel: not the rows alone',
    { size: [2, 6], kernel: [5, 5], pads: around(2), groups: 4 },
    [5, 5],
  ],
  [
    'a line kernel of each channel',
    {
      size: [1, 2],
      kernel: [1, 5],
      pads: [
        [0, 0],
        [2, 2],
      ],
      groups: 4,
    },
    [1, 3],
  ],
  ['a stride', { size: [2, 2], kernel: [3, 3], pads: around(1), strides: [2, 2] }, [2, 2]],
  [
    'a stride, padded at one side',
    {
      size: [2, 2],
      kernel: [3, 3],
      pads: [
        [0, 1],
        [1, 0],
      ],
      strides: [2, 2],
    },
    [2, 2],
  ],
  ['dilated', { size: [3, 3], kernel: [3, 3], pads: around(4), dilations: [4, 4] }, [1, 1]],
])('%s: taps that see padding alone go', (_, c, left) => {
  const before = network(c);
  const after = shrink(before).graph;
  expect(kernelOf(after)).toEqual(left);
  expectSame(before, after);
});

test.each<[why: string, c: Case]>([
  ['all see something', { size: [3, 3], kernel: [3, 3], pads: around(1) }],
  [
    'no tap sees anything',
    {
      size: [1, 1],
      kernel: [1, 1],
      pads: [
        [1, 0],
        [0, 0],
      ],
      strides: [2, 1],
    },
  ],
  [
    'padding would become a cut',
    {
      size: [2, 2],
      kernel: [2, 1],
      pads: [
        [1, 0],
        [0, 0],
      ],
      dilations: [2, 1],
      strides: [1, 1],
    },
  ],
])('stays where %s', (_, c) => {
  const before = network(c);
  expect(kernelOf(unseenTaps.run(before))).toEqual([...c.kernel]);
});

test('the control build keeps every weight', async () => {
  const graph = network({ size: [1, 1], kernel: [3, 3], pads: around(1) });
  const [small, control] = [await emit(graph), await emit(graph, { sparse: false })];
  expect(small.metadata.layers[0].cols).toBe(4);
  expect(control.metadata.layers[0].cols).toBe(36);
});
