/** Staging: layouts that readers and writers share, copies where they can't; each case was once wrong or refused. */
import { describe, expect, test } from 'vitest';
import type { ValueId } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import { isPlain } from '../../compiler/plan/layout.ts';
import type { View } from '../../compiler/plan/view.ts';
import { Sketch } from '../passes/graphs.ts';
import { disagreements, moduleDisagreements } from '../random/agree.ts';
import { stages } from '../random/compile.ts';
import type { Network } from '../random/grow.ts';
import { sampleTensor } from '../samples.ts';

type Make = (s: Sketch) => ValueId[];

function networkOf(make: Make): Network {
  const s = new Sketch();
  const graph = s.done(...make(s));
  const rng = random(5);
  const inputs = Object.fromEntries(
    graph.inputs.map((p) => [p.name, sampleTensor({ shape: graph.values.get(p.value)!.shape }, rng)]),
  );
  return { graph, inputs };
}

const unit = { strides: [1, 1], dilations: [1, 1] };
const same = [
  [1, 1],
  [1, 1],
];
const pool = (s: Sketch, x: ValueId) =>
  s.op('maxPool', [x], { kernel: [3, 3], ...unit, pads: same, ceil: false });
const conv3d = (s: Sketch, x: ValueId, pads = [1, 1, 1]) =>
  s.op('conv', [x, s.constant([2, 2, 3, 3, 3]), null], {
    strides: [1, 1, 1],
    dilations: [1, 1, 1],
    pads: pads.map((p) => [p, p]),
    groups: 1,
  });

/** All found by random networks, or while they were written. */
const cases: Record<string, Make> = {
  'windows that begin a row before memory does'(s) {
    const x = s.input([1, 2, 5, 601]);
    const depthwise = { dilations: [1, 1], pads: same, groups: 2 };
    const w = s.constant([2, 1, 3, 3]);
    return [1, 2].map((n) => s.op('conv', [x, w, null], { ...depthwise, strides: [n, n] }));
  },
  'a residual sum that is the output'(s) {
    const z = s.conv(s.input([1, 4, 7, 7]), 4, 3, { pad: 1 });
    return [s.op('add', [s.conv(z, 4, 3, { pad: 1 }), z])];
  },
  'an operand that a routine made'(s) {
    const [x, y] = [s.input([1, 4, 7, 7]), s.input([1, 4, 7, 7], 'y')];
    return [
      s.op('relu', [s.op('add', [s.conv(x, 4, 3, { pad: 1 }), s.op('matmul', [x, y])])]),
      s.op('exp', [x]),
    ];
  },
  'margins of zeros and of -Infinity on values that lie alike'(s) {
    const x = s.input([1, 4, 7, 7]);
    const z = s.conv(x, 4, 3, { pad: 1 });
    const sum = s.op('add', [s.conv(x, 4, 1), z]);
    return [s.conv(sum, 4, 3, { pad: 1 }), pool(s, z), s.op('neg', [s.op('exp', [z])])];
  },
  'channels last in the output, channels of a window between pixels'(s) {
    const x = s.conv(s.input([1, 4, 7, 7]), 6, 3, { pad: 1 });
    const flat = (v: ValueId, channels: number) =>
      s.op('reshape', [s.op('transpose', [v], { perm: [0, 2, 3, 1] })], { shape: [1, 49 * 2, channels / 2] });
    return [flat(pool(s, x), 6), flat(s.conv(x, 8, 1), 8)];
  },
  'a sum with channels that are padding'(s) {
    const x = s.op('relu', [s.conv(s.input([1, 4, 7, 7]), 6, 3, { pad: 1 })]);
    const pads = [
      [0, 0],
      [0, 2],
      [0, 0],
      [0, 0],
    ];
    const wide = s.op('pad', [x], { pads, mode: 'constant', value: 0 });
    return [s.conv(s.op('relu', [s.op('add', [s.conv(x, 8, 1), wide])]), 4, 3, { pad: 1 })];
  },
  'margins around volumes'(s) {
    const x = s.input([1, 2, 4, 5, 6]);
    return [conv3d(s, conv3d(s, conv3d(s, x))), s.op('relu', [x])];
  },
  'planes of volumes whose sizes are no multiples of a vector'(s) {
    const x = s.input([1, 2, 5, 5, 5]);
    return [conv3d(s, conv3d(s, x, [0, 1, 1]), [0, 1, 1]), s.op('exp', [x])];
  },
  'strided windows wider than their rows: columns share places'(s) {
    return [s.conv(s.conv(s.input([2, 4, 6, 1]), 4, 3, { pad: 1 }), 11, 3, { pad: 1, stride: 2 })];
  },
  'an operand of the old shape where the result is reshaped'(s) {
    const x = s.input([2, 4, 6, 6]);
    const sum = s.op('add', [s.conv(x, 4, 3, { pad: 1 }), s.op('exp', [x])]);
    return [s.op('relu', [s.op('reshape', [sum], { shape: [2, 144] })])];
  },
  'a residual sum that is part of a concatenation'(s) {
    const x = s.input([2, 4, 6, 6]);
    const z = s.op('exp', [x]);
    return [s.op('concat', [s.op('add', [s.conv(x, 4, 3, { pad: 1 }), z]), z], { axis: 1 })];
  },
  'an operand that is an output'(s) {
    const z = s.conv(s.input([1, 4, 7, 7]), 4, 3);
    const sum = s.op('add', [s.conv(z, 4, 3, { pad: 1 }), z]);
    return [z, s.conv(sum, 4, 3, { pad: 1 })];
  },
  'operands of a lowering that lie unlike its result'(s) {
    const lrn = (x: ValueId) => s.op('lrn', [x], { size: 3, alpha: 0.5, beta: 0.75, bias: 1 });
    const x = s.input([2, 3, 5, 5]);
    const wide = s.op('concat', [x, x], { axis: 1 });
    const flat = s.op('reshape', [s.op('exp', [s.op('neg', [x])])], { shape: [2, 75] });
    return [s.conv(lrn(x), 2, 3, { pad: 1 }), lrn(flat), lrn(x), s.conv(lrn(wide), 2, 3, { pad: 1 })];
  },
  'an operand inside a scan that is part of wider rows'(s) {
    const weights = [[3, 4], [3, 1], [3], [3]].map((shape) => s.constant(shape));
    const attrs = {
      reverse: false,
      sequence: true,
      stateful: false,
      clip: 0,
      resetAfter: false,
      activations: [{ name: 'sigmoid' }, { name: 'tanh' }],
    };
    return [s.op('gru', [s.input([3, 8, 4]), ...weights, null], attrs)];
  },
  'flattened values whose axes have nothing in common'(s) {
    const flat = (shape: number[], name: string) => s.op('reshape', [s.input(shape, name)], { shape: [10] });
    return [s.op('add', [flat([5, 2], 'x'), flat([2, 5], 'y')])];
  },
  'channels of groups regrouped'(s) {
    const grouped = s.conv(s.input([1, 5, 2, 2]), 10, 1, { groups: 5 });
    return [s.op('reshape', [grouped], { shape: [1, 2, 5, 4] })];
  },
  'phases without a kernel'(s) {
    const x = s.op('spaceToDepth', [s.input([1, 1, 33, 3])], { block: 3, mode: 'CRD' });
    const strided = s.op('conv', [s.input([1, 4, 4, 17], 'y'), s.constant([4, 2, 3, 2]), null], {
      strides: [2, 2],
      dilations: [1, 1],
      pads: [
        [0, 3],
        [0, 2],
      ],
      groups: 2,
    });
    const up = s.op('convTranspose', [x, s.constant([5, 9, 1, 5]), null], {
      strides: [1, 3],
      dilations: [1, 1],
      pads: [
        [0, 1],
        [0, 1],
      ],
      groups: 1,
      outputPadding: [0, 2],
    });
    return [up, s.op('depthToSpace', [strided], { block: 2, mode: 'DCR' })];
  },
  'frames of a signal, many samples apart'(s) {
    const attrs = { strides: [8], dilations: [1], pads: [[3, 2]], groups: 1 };
    return [s.op('conv', [s.input([1, 1, 75]), s.constant([6, 1, 20]), null], attrs)];
  },
  'two and three pixels'(s) {
    const x = s.conv(s.input([1, 4, 1, 3]), 9, 1);
    return [s.conv(x, 5, 1), s.conv(s.input([1, 3, 2, 1], 'y'), 13, 1)];
  },
  'a running sum along a turned axis of size 1'(s) {
    const turned = s.op('transpose', [s.input([1, 2])], { perm: [1, 0] });
    return [s.op('cumSum', [turned], { axis: 0, exclusive: false, reverse: true })];
  },
  'every other row of an axis that channels were interleaved into'(s) {
    const x = s.op('depthToSpace', [pool(s, s.op('abs', [s.conv(s.input([1, 4, 9, 7]), 4, 1)]))], {
      block: 2,
      mode: 'DCR',
    });
    const apart = s.op('spaceToDepth', [x], { block: 2, mode: 'DCR' });
    const shape = [1, 4, 18, 7];
    return [
      x,
      s.op('resizeLinear', [apart], {
        shape,
        scales: [1, 1, 2, 1],
        coordinates: 'alignCorners',
        antialias: false,
      }),
    ];
  },
  'windows in strips that overlap, with a sum that nobody reads again'(s) {
    const x = s.conv(s.input([1, 4, 6, 6]), 4, 1);
    const [near, far] = [s.op('sigmoid', [x]), s.op('exp', [x])];
    const y = s.op('add', [s.conv(near, 4, 3, { pad: 1, groups: 4 }), far]);
    return [s.op('neg', [s.op('tanh', [y])])];
  },
  'few pixels with an operand per row'(s) {
    const x = s.op('slice', [s.conv(s.input([1, 6, 8, 8]), 3, 3, { pad: 1 })], {
      starts: [0, 2, 1, 2],
      sizes: [1, 3, 2, 1],
      steps: [1, -1, 1, 1],
    });
    return [s.op('add', [s.constant([1, 5, 1, 1]), s.conv(x, 5, 3, { pad: 1, bias: null })])];
  },
};

describe.each(Object.keys(cases))('%s', (name) => {
  const n = networkOf(cases[name]);
  test('agrees', () => expect(disagreements(n)).toEqual([]));
  test.each(['scalar', 'simd'] as const)(
    'compiled, %s',
    async (build) => {
      expect(await moduleDisagreements(n, { build })).toEqual([]);
    },
    120_000,
  );
});

test('inputs, outputs and what scans and routines touch are row-major', () => {
  const n = networkOf((s) => {
    const x = s.input([1, 4, 7, 7]);
    const product = s.op('matmul', [s.conv(x, 4, 3, { pad: 1 }), s.conv(x, 4, 3, { pad: 1 })]);
    return [s.conv(product, 4, 3, { pad: 1 })];
  });
  const { plan, layouts } = stages(n.graph).staged;
  for (const v of plan.values.values()) {
    if (v.role === 'input' || v.role === 'output') expect(isPlain(layouts.get(v.id)!), v.name).toBe(true);
  }
  const call = plan.steps.find((s) => s.form === 'call')!;
  expect(call.form === 'call' && call.args.every((a) => isPlain(layouts.get(a.value)!))).toBe(true);
});

test('a window writes channels last by a copy, not pixel by pixel', () => {
  const n = networkOf((s) => {
    const y = pool(s, s.conv(s.input([1, 4, 7, 7]), 6, 3, { pad: 1 }));
    return [s.op('reshape', [s.op('transpose', [y], { perm: [0, 2, 3, 1] })], { shape: [1, 98, 3] })];
  });
  const { plan, layouts } = stages(n.graph).staged;
  const window = plan.steps.find((s) => s.form === 'window')!;
  const { strides } = layouts.get((window as { y: { value: number } }).y.value)!;
  const pixel = (window as { y: View }).y.dims.at(-1)!.at(-1)!;
  expect(strides[pixel.axis]).toBe(1);
});

test('one copy serves all windows that want the same of an input', () => {
  const n = networkOf((s) => {
    const x = s.input([1, 4, 9, 9]);
    return [s.conv(x, 4, 3, { pad: 1 }), s.conv(x, 4, 5, { pad: 2 })];
  });
  const { plan, layouts } = stages(n.graph).staged;
  const copies = plan.steps.filter(
    (s) => s.op === 'copy' && s.form === 'move' && plan.values.get(s.x.value)!.role === 'input',
  );
  expect(copies).toHaveLength(1);
  expect(layouts.get(copies[0].y.value)!.before).toEqual([0, 0, 2, 2]);
});

test.each([
  [3, 1, 1, false],
  [3, 2, 1, false],
  [3, 1, 2, true],
  [5, 1, 2, false],
  [5, 2, 2, false],
  [5, 1, 3, true],
  [7, 1, 3, true],
])(
  'depthwise of %i, stride %i, padding %i: the input carries padding only where the kernel needs it',
  (k, stride, pad, carries) => {
    const depthwise = (s: Sketch, x: ValueId) =>
      s.op('conv', [x, s.constant([4, 1, k, k]), null], {
        strides: [stride, stride],
        dilations: [1, 1],
        pads: [
          [pad, pad],
          [pad, pad],
        ],
        groups: 4,
      });
    const n = networkOf((s) => [depthwise(s, s.conv(s.input([1, 4, 9, 9]), 4, 1))]);
    const { plan, layouts } = stages(n.graph).staged;
    const step = plan.steps.find((s) => s.form === 'window')!;
    const { before, after } = layouts.get(step.form === 'window' ? step.x.value : -1)!;
    expect([...before, ...after].some((m) => m > 0)).toBe(carries);
  },
);

test('phases are copied in loops', () => {
  const attrs = { strides: [64], dilations: [1], pads: [[0, 0]], groups: 1 };
  const n = networkOf((s) => [s.op('conv', [s.input([1, 1, 640]), s.constant([5, 1, 128]), null], attrs)]);
  const loops = stages(n.graph).module.text.match(/for \(/g) ?? [];
  expect(loops.length).toBeLessThan(16);
});

test('every pixel of a transposed convolution is computed by a kernel', () => {
  const attrs = {
    strides: [2, 2],
    dilations: [1, 1],
    pads: [
      [0, 0],
      [0, 0],
    ],
    groups: 1,
    outputPadding: [0, 0],
  };
  const n = networkOf((s) => [
    s.op('convTranspose', [s.input([1, 8, 6, 6]), s.constant([3, 8, 2, 2]), null], attrs),
  ]);
  const chosen = [...stages(n.graph).selections.values()];
  expect(chosen.length).toBeGreaterThan(0);
  expect(chosen.every(({ choice }) => choice !== undefined)).toBe(true);
});

test('a value read by a padded convolution carries its own margins', () => {
  const n = networkOf((s) => [s.conv(s.conv(s.input([1, 4, 9, 9]), 4, 1), 4, 3, { pad: 1 })]);
  const { plan, layouts } = stages(n.graph).staged;
  const last = plan.steps.findLast((s) => s.form === 'linear')!;
  expect(plan.steps.some((s) => s.op === 'copy')).toBe(false);
  const l = layouts.get(last.form === 'linear' ? last.x.value : -1)!;
  expect([l.before, l.after, l.fill]).toEqual([[0, 0, 1, 1], [0, 0, 1, 1], 0]);
});
