/** What a kernel is called with, against the views that a linear step is made of. */
import { describe, expect, test } from 'vitest';
import type { ValueId } from '../../compiler/ir/graph.ts';
import type { LinearStep } from '../../compiler/plan/forms.ts';
import { fuse } from '../../compiler/plan/fuse.ts';
import { address, type Layout } from '../../compiler/plan/layout.ts';
import { linearGeometry } from '../../compiler/plan/linear.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { type Staged, stage } from '../../compiler/plan/stage.ts';
import { dimSize, type View } from '../../compiler/plan/view.ts';
import { Sketch } from '../passes/graphs.ts';

const staged = (make: (s: Sketch) => ValueId): Staged => {
  const s = new Sketch();
  return stage(fuse(lower(s.done(make(s)))));
};

/** Byte address of the element at one index per dimension. */
function place(view: View, layout: Layout, index: readonly number[]): number {
  const coordinate = [...view.origin];
  view.dims.forEach((dim, d) => {
    let rest = index[d];
    for (const f of [...dim].reverse()) {
      if (f.axis >= 0) coordinate[f.axis] += f.step * (rest % f.size);
      rest = Math.floor(rest / f.size);
    }
  });
  return 4 * address(layout, coordinate);
}

/** Every pixel of every group and batch: where the kernel writes row 0, and where it reads column 0. */
function calls(g: ReturnType<typeof linearGeometry>): Map<number, number> {
  let starts = [{ x: g.xStart, y: g.yStart }];
  const around = [...g.outer, { size: g.groups, strides: [g.xGroup, g.yGroup] }];
  for (const { size, strides } of around) {
    starts = starts.flatMap(({ x, y }) =>
      Array.from({ length: size }, (_, i) => ({ x: x + i * strides[0], y: y + i * strides[1] })),
    );
  }
  const pairs = starts.flatMap(({ x, y }) =>
    Array.from({ length: g.pixels }, (_, p): [number, number] => [y + 4 * p, x + g.offsets[0] + 4 * p]),
  );
  return new Map(pairs);
}

function expectGeometry({ plan, layouts }: Staged): void {
  const linear = plan.steps.filter((s): s is LinearStep => s.form === 'linear');
  expect(linear.length).toBeGreaterThan(0);
  for (const step of linear) {
    const g = linearGeometry(step, plan, layouts);
    const [x, y] = [layouts.get(step.x.value)!, layouts.get(step.y.value)!];
    const [outer, groups, columns, pixels] = step.x.dims.map(dimSize);
    expect([g.rows, g.groups, g.offsets.length]).toEqual([dimSize(step.y.dims[2]), groups, columns]);
    const reads = calls(g);
    for (let o = 0; o < outer; o++) {
      for (let group = 0; group < groups; group++) {
        for (let p = 0; p < pixels; p++) {
          const from = place(step.x, x, [o, group, 0, p]);
          expect(reads.get(place(step.y, y, [o, group, 0, p]))).toBe(from);
        }
      }
    }
    const first = place(step.x, x, [0, 0, 0, 0]) - g.offsets[0];
    for (let k = 0; k < columns; k++) expect(first + g.offsets[k]).toBe(place(step.x, x, [0, 0, k, 0]));
    const top = place(step.y, y, [0, 0, 0, 0]);
    for (let r = 0; r < g.rows; r++) expect(top + r * g.yRow).toBe(place(step.y, y, [0, 0, r, 0]));
  }
}

describe('linear geometry', () => {
  test.each([
    ['1×1', [1, 4, 5, 7], 1, {}],
    ['3×3 with margins', [1, 4, 5, 7], 3, { pad: 1 }],
    ['3×3 with margins, stride 2', [1, 4, 9, 7], 3, { pad: 1, stride: 2 }],
    ['3×3 without margins', [2, 4, 5, 7], 3, {}],
    ['groups', [1, 4, 5, 7], 3, { pad: 1, groups: 2 }],
    ['wider than the plane', [1, 2, 3, 3], 5, { pad: 2 }],
  ] as const)('%s, in a row of two', (_, shape, kernel, options) => {
    expectGeometry(
      staged((s) => s.conv(s.conv(s.input([...shape]), 4, kernel, options), 6, kernel, options)),
    );
  });

  test('rows narrower than the tiles of sparse kernels are one run with their gaps where that takes less', () => {
    // Eight half tiles against three tiles and a half; three narrow ones against one.
    const pixels = (size: number, kernel: number) => {
      const made = staged((s) => s.conv(s.conv(s.conv(s.input([1, 2, size, size]), 3, 1), 4, kernel), 2, 1));
      expectGeometry(made);
      const [, wide] = made.plan.steps.filter((s): s is LinearStep => s.form === 'linear');
      const { pixels, width, pitch } = linearGeometry(wide, made.plan, made.layouts);
      return { pixels, width, pitch };
    };
    expect(pixels(12, 5)).toEqual({ pixels: 92, width: 8, pitch: 12 });
    expect(pixels(7, 5)).toEqual({ pixels: 3, width: 3, pitch: 3 });
    // A run of 148 pixels would take more than eight half tiles, four lines at a time less; longer gaps cost memory.
    expect(pixels(20, 13)).toEqual({ pixels: 148, width: 8, pitch: 20 });
    expect(pixels(26, 19)).toEqual({ pixels: 8, width: 8, pitch: 8 });
  });

  test('a dense layer has one pixel, several samples are several pixels', () => {
    for (const samples of [1, 5]) {
      const plan = staged((s) => s.op('dense', [s.input([samples, 12]), s.constant([7, 12])]));
      expectGeometry(plan);
    }
  });

  test('rows of planes with margins on both sides are one run over the gaps', () => {
    const conv = (s: Sketch, x: ValueId) => s.conv(x, 4, 3, { pad: 1 });
    const { plan, layouts } = staged((s) => conv(s, conv(s, conv(s, s.input([1, 4, 6, 6])))));
    const middle = plan.steps.filter((s): s is LinearStep => s.form === 'linear')[1];
    const { contiguous, pixels } = linearGeometry(middle, plan, layouts);
    expect({ contiguous, pixels }).toEqual({ contiguous: true, pixels: 5 * 7 + 6 });
  });
});
