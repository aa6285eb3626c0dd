/** Random small networks in channels-last and channels-first pieces: passes keep their meaning, whatever they do. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Graph, ValueId } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import { removeDeadChannels, simplify } from '../../compiler/passes/index.ts';
import { expectSame, kinds, Sketch } from './graphs.ts';

/** One node or a few, chosen by `pick`, on values of shape [1, 4, 4, C]. */
function grow(s: Sketch, values: ValueId[], pick: () => number, rng: ReturnType<typeof random>): void {
  const any = () => values[pick() % values.length];
  const x = any();
  const channels = s.b.shape(x)[3];
  const peers = values.filter((v) => s.b.shape(v)[3] === channels);
  const inside = (f: (y: ValueId) => ValueId) => s.last(f(s.first(x)));
  const conv = (y: ValueId, rows: number, kernel: number, groups: number) => {
    const columns = s.b.shape(y)[1] / groups;
    const per = columns * kernel * kernel;
    const data: number[] = [];
    const bias: number[] = [];
    for (let r = 0; r < rows; r++) {
      const off = rng.next() < 0.4;
      for (let k = 0; k < per; k++) data.push(off ? 0 : rng.normal() / Math.sqrt(per));
      bias.push(rng.next() < 0.5 ? 0 : rng.normal());
    }
    const w = s.constant([rows, columns, kernel, kernel], data);
    return s.conv(y, rows, kernel, { pad: kernel >> 1, groups, w, bias: s.constant([rows], bias) });
  };
  const made = [
    () => inside((y) => conv(y, 1 + (pick() % 4), 1, 1)),
    () => inside((y) => conv(y, 1 + (pick() % 4), 3, 1)),
    () => inside((y) => conv(y, channels * (1 + (pick() % 2)), 3, channels)),
    () => s.op('relu', [x]),
    () => s.op('sigmoid', [x]),
    () => s.op('add', [s.op('mul', [x, s.constant([channels])]), s.constant([channels])]),
    () => s.op('sub', [x, s.constant([1, 1, 1, 1])]),
    () => s.op('mul', [x, peers[pick() % peers.length]]),
    () => s.op('add', [x, peers[pick() % peers.length]]),
    () => s.op('concat', [x, any()], { axis: 3 }),
    () =>
      inside((y) =>
        s.op('averagePool', [y], {
          kernel: [3, 3],
          strides: [1, 1],
          dilations: [1, 1],
          pads: [
            [1, 1],
            [1, 1],
          ],
          ceil: false,
          countIncludePad: pick() % 2 === 0,
        }),
      ),
    () => s.op('softmax', [x], { axis: -1 }),
    () => {
      const size = 1 + (pick() % channels);
      const start = pick() % (channels - size + 1);
      return s.op('slice', [x], { starts: [0, 0, 0, start], sizes: [1, 4, 4, size], steps: [1, 1, 1, 1] });
    },
    () => s.op('reshape', [s.op('reshape', [x], { shape: [16, channels] })], { shape: [1, 4, 4, channels] }),
    () => {
      const gate = s.op('dense', [
        s.op('reduceMean', [x], { axes: [1, 2], keepDims: true }),
        s.constant([channels, channels]),
      ]);
      return s.op('mul', [x, s.op('sigmoid', [gate])]);
    },
  ];
  values.push(made[pick() % made.length]());
}

function network(seed: number, choices: readonly number[]): Graph {
  const rng = random(seed);
  let at = 0;
  const pick = () => choices[at++ % choices.length];
  const s = new Sketch();
  const values = [s.input([1, 4, 4, 3])];
  for (let i = 0; i < 8; i++) grow(s, values, pick, rng);
  const last = values.at(-1)!;
  const flat = s.op('reshape', [last], { shape: [1, 16 * s.b.shape(last)[3]] });
  return s.done(s.op('dense', [flat, s.constant([3, s.b.shape(flat)[1]])]));
}

test('random networks keep their meaning', () => {
  let removed = 0;
  let shorter = 0;
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.nat(1000), { minLength: 24, maxLength: 40 }), (seed, choices) => {
      const graph = network(seed, choices);
      const simple = simplify(graph);
      expectSame(simple, graph, 1e-4);
      const report = removeDeadChannels(simple);
      expectSame(report.graph, graph, 1e-4);
      removed += report.removed.length;
      if (kinds(simple).length < kinds(graph).length) shorter++;
    }),
    { numRuns: 60, seed: 1 },
  );
  expect(removed).toBeGreaterThan(5);
  expect(shorter).toBeGreaterThan(20);
}, 60_000);
