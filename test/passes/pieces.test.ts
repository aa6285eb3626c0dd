/** Operators that importers give in pieces. */
import { describe, expect, test } from 'vitest';
import { simplify } from '../../compiler/passes/index.ts';
import { expectSame, kinds, Sketch } from './graphs.ts';

type Make = (s: Sketch, x: number) => number;

const n = (s: Sketch, value: number) => s.constant([], [value]);
const erfOf: Make = (s, x) => s.op('add', [n(s, 1), s.op('erf', [s.op('div', [x, n(s, Math.SQRT2)])])]);
const tanhOf: Make = (s, x) => {
  const cube = s.op('mul', [s.op('pow', [x, n(s, 3)]), n(s, 0.044715)]);
  return s.op('add', [
    s.op('tanh', [s.op('mul', [s.op('add', [x, cube]), n(s, Math.sqrt(2 / Math.PI))])]),
    n(s, 1),
  ]);
};
const relu6: Make = (s, x) => s.op('minimum', [s.op('maximum', [x, n(s, 0)]), n(s, 6)]);
const mean = (s: Sketch, x: number, axes = [-1], keepDims = true) =>
  s.op('reduceMean', [x], { axes, keepDims });
const square: Make = (s, x) => s.op('pow', [x, n(s, 2)]);
const epsilon: Make = (s, x) => s.op('add', [x, n(s, 1e-5)]);

const recognized: [string, string, Make][] = [
  ['relu6', 'clip', relu6],
  [
    'clip of clip',
    'clip',
    (s, x) => s.op('clip', [s.op('clip', [x], { min: -2, max: 1 })], { min: -1, max: 3 }),
  ],
  [
    'disjoint clips',
    'clip',
    (s, x) => s.op('clip', [s.op('clip', [x], { min: -2, max: -1 })], { min: 1, max: 3 }),
  ],
  ['relu of relu', 'relu', (s, x) => s.op('relu', [s.op('relu', [x])])],
  ['max with 0', 'relu', (s, x) => s.op('maximum', [n(s, 0), x])],
  ['swish', 'swish', (s, x) => s.op('mul', [s.op('sigmoid', [x]), x])],
  ['mish', 'mish', (s, x) => s.op('mul', [x, s.op('tanh', [s.op('softplus', [x])])])],
  [
    'hard-swish, divided last',
    'hardSwish',
    (s, x) => s.op('div', [s.op('mul', [x, relu6(s, s.op('add', [x, n(s, 3)]))]), n(s, 6)]),
  ],
  [
    'hard-swish, divided first',
    'hardSwish',
    (s, x) => s.op('mul', [x, s.op('div', [relu6(s, s.op('add', [n(s, 3), x])), n(s, 6)])]),
  ],
  ['gelu', 'gelu', (s, x) => s.op('mul', [s.op('mul', [n(s, 0.5), x]), erfOf(s, x)])],
  ['gelu, halved last', 'gelu', (s, x) => s.op('mul', [s.op('mul', [x, erfOf(s, x)]), n(s, 0.5)])],
  ['gelu with tanh', 'gelu', (s, x) => s.op('mul', [s.op('mul', [x, n(s, 0.5)]), tanhOf(s, x)])],
  [
    'layer normalization',
    'layerNorm',
    (s, x) => {
      const d = s.op('sub', [x, mean(s, x)]);
      const y = s.op('div', [d, s.op('sqrt', [epsilon(s, mean(s, square(s, d)))])]);
      return s.op('add', [s.op('mul', [y, s.constant([6])]), s.constant([6])]);
    },
  ],
  [
    'layer normalization as Keras writes it',
    'layerNorm',
    (s, x) => {
      const m = mean(s, x);
      const r = s.op('rsqrt', [epsilon(s, mean(s, square(s, s.op('sub', [x, m]))))]);
      const g = s.op('mul', [r, s.constant([6])]);
      return s.op('add', [s.op('mul', [x, g]), s.op('sub', [s.constant([6]), s.op('mul', [m, g])])]);
    },
  ],
  [
    'root mean square normalization',
    'rmsNorm',
    (s, x) => {
      const root = s.op('sqrt', [epsilon(s, mean(s, square(s, x)))]);
      return s.op('mul', [s.constant([6]), s.op('mul', [x, s.op('div', [n(s, 1), root])])]);
    },
  ],
  [
    'product and bias',
    'dense',
    (s, x) => s.op('add', [s.op('matmul', [x, s.constant([6, 5])]), s.constant([5])]),
  ],
  [
    'constants join',
    'mul add',
    (s, x) =>
      s.op('sub', [
        s.op('add', [s.op('div', [s.op('mul', [n(s, 3), x]), n(s, 7)]), n(s, 2)]),
        s.constant([6]),
      ]),
  ],
];

describe('in pieces', () => {
  test.each(recognized)('%s', (_name, want, make) => {
    const s = new Sketch();
    const graph = s.done(make(s, s.input([2, 4, 6])));
    const after = simplify(graph);
    expect(kinds(after)).toBe(want);
    expectSame(after, graph);
  });

  test.each<[string, RegExp, Make]>([
    [
      'sigmoid of something else',
      /sigmoid.*mul/,
      (s, x) => s.op('mul', [x, s.op('sigmoid', [s.op('neg', [x])])]),
    ],
    ['another constant in gelu', /erf/, (s, x) => s.op('mul', [s.op('mul', [x, n(s, 0.4)]), erfOf(s, x)])],
    [
      'means over different axes',
      /reduceMean/,
      (s, x) => {
        const d = s.op('sub', [x, mean(s, x, [1])]);
        return s.op('mul', [d, s.op('rsqrt', [epsilon(s, mean(s, square(s, d)))])]);
      },
    ],
    ['bounds per element', /maximum/, (s, x) => s.op('maximum', [x, s.constant([6])])],
    ['weights with batch dimensions', /matmul/, (s, x) => s.op('matmul', [x, s.constant([2, 6, 3])])],
    [
      'constants that overflow together',
      /mul mul/,
      (s, x) => s.op('mul', [s.op('mul', [x, n(s, 1e30)]), n(s, 1e30)]),
    ],
  ])('must not fire: %s', (_name, want, make) => {
    const s = new Sketch();
    const graph = s.done(make(s, s.input([2, 4, 6])));
    const after = simplify(graph);
    expect(kinds(after)).toMatch(want);
    expectSame(after, graph);
  });
});

describe('padding', () => {
  const pad = (s: Sketch, x: number, p: number[][], value = 0) =>
    s.op('pad', [x], { pads: [[0, 0], ...p], mode: 'constant', value });
  const pool = {
    kernel: [3, 3],
    strides: [2, 2],
    dilations: [1, 1],
    pads: [
      [0, 0],
      [0, 0],
    ],
    ceil: false,
  };

  test('joins convolutions and average pools', () => {
    const s = new Sketch();
    const x = pad(s, s.input([1, 2, 5, 5]), [
      [0, 0],
      [1, 2],
      [0, 1],
    ]);
    const y = s.op(
      'averagePool',
      [
        pad(s, s.conv(x, 3, 3, { pad: 1 }), [
          [0, 0],
          [1, 1],
          [2, 0],
        ]),
      ],
      {
        ...pool,
        countIncludePad: false,
      },
    );
    const graph = s.done(y);
    const after = simplify(graph);
    expect(kinds(after)).toBe('conv averagePool');
    expectSame(after, graph);
  });

  test.each<[string, (s: Sketch, x: number) => number]>([
    [
      'another value',
      (s, x) =>
        s.conv(
          pad(
            s,
            x,
            [
              [0, 0],
              [1, 1],
              [1, 1],
            ],
            1,
          ),
          2,
          3,
        ),
    ],
    [
      'channels',
      (s, x) =>
        s.conv(
          pad(s, x, [
            [1, 0],
            [1, 1],
            [1, 1],
          ]),
          2,
          3,
        ),
    ],
    [
      'cut, then padded',
      (s, x) =>
        s.conv(
          pad(s, x, [
            [0, 0],
            [-1, 0],
            [0, 0],
          ]),
          2,
          3,
          { pad: 1 },
        ),
    ],
    [
      'max pool',
      (s, x) =>
        s.op(
          'maxPool',
          [
            pad(s, x, [
              [0, 0],
              [1, 1],
              [1, 1],
            ]),
          ],
          pool,
        ),
    ],
    [
      'wider than the pool',
      (s, x) =>
        s.op(
          'averagePool',
          [
            pad(s, x, [
              [0, 0],
              [3, 0],
              [0, 0],
            ]),
          ],
          { ...pool, countIncludePad: true },
        ),
    ],
  ])('must not fire: %s', (_name, make) => {
    const s = new Sketch();
    const graph = s.done(make(s, s.input([1, 2, 6, 6])));
    const after = simplify(graph);
    expect(kinds(after)).toMatch(/^pad /);
    expectSame(after, graph);
  });
});

describe('identities', () => {
  test('all go', () => {
    const s = new Sketch();
    const x = s.input([2, 3, 4]);
    let y = s.op('add', [x, s.constant([4], [0, 0, 0, 0])]);
    y = s.op('mul', [s.constant([], [1]), y]);
    y = s.op('div', [s.op('sub', [y, s.constant([], [0])]), s.constant([], [1])]);
    y = s.op('reshape', [s.op('reshape', [y], { shape: [6, 4] })], { shape: [2, 3, 4] });
    y = s.op('transpose', [y], { perm: [0, 1, 2] });
    y = s.op('slice', [y], { starts: [0, 0, 0], sizes: [2, 3, 4], steps: [1, 1, 1] });
    y = s.op('concat', [s.constant([2, 0, 4]), y], { axis: 1 });
    y = s.op('pad', [y], {
      pads: [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      mode: 'edge',
      value: 0,
    });
    y = s.op('tile', [s.op('broadcastTo', [y], { shape: [2, 3, 4] })], { repeats: [1, 1, 1] });
    y = s.op('cast', [s.op('identity', [y])], { to: 'float32' });
    y = s.op('clip', [s.op('pow', [y, s.constant([], [1])])], { min: -Infinity, max: Infinity });
    const graph = s.done(y);
    expect(graph.nodes).toHaveLength(16);
    expect(kinds(simplify(graph))).toBe('');
    expectSame(simplify(graph), graph);
  });

  test('must not fire: x + 0 that stretches x, 1 / x', () => {
    const s = new Sketch();
    const x = s.input([4]);
    const graph = s.done(
      s.op('add', [x, s.constant([2, 4], Array(8).fill(0))]),
      s.op('div', [s.constant([], [1]), x]),
    );
    expect(kinds(simplify(graph))).toBe('add reciprocal');
  });
});
