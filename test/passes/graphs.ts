/** Small graphs for tests of passes, and the check that a rewrite keeps their meaning. */
import { expect } from 'vitest';
import { type Graph, GraphBuilder, type Origin, type ValueId } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import type { Shape, Tensor } from '../../compiler/ir/tensor.ts';
import { evaluateGraph, semantics } from '../../compiler/semantics/evaluate.ts';
import { difference, sampleTensor } from '../samples.ts';

export class Sketch {
  readonly b = new GraphBuilder(semantics, 'test');
  readonly #rng = random(3);

  input(shape: Shape, name = 'x'): ValueId {
    return this.b.input(name, 'float32', shape);
  }

  /** A constant of given or of random values. */
  constant(shape: Shape, values?: readonly number[], origin?: Origin): ValueId {
    return this.b.constant(sampleTensor({ shape, values: values ?? 'normal' }, this.#rng), 'c', origin);
  }

  op(kind: string, inputs: readonly (ValueId | null)[], attrs = {}): ValueId {
    return this.b.one(kind, inputs, attrs);
  }

  /** Square kernel, stride 1 unless said, bias random. */
  conv(
    x: ValueId,
    rows: number,
    kernel: number,
    {
      pad = 0,
      groups = 1,
      stride = 1,
      w = undefined as ValueId | undefined,
      bias = undefined as ValueId | null | undefined,
    } = {},
  ): ValueId {
    const columns = this.b.shape(x)[1] / groups;
    const weights = w ?? this.constant([rows, columns, kernel, kernel]);
    return this.op('conv', [x, weights, bias === undefined ? this.constant([rows]) : bias], {
      strides: [stride, stride],
      dilations: [1, 1],
      pads: [
        [pad, pad],
        [pad, pad],
      ],
      groups,
    });
  }

  first = (x: ValueId) => this.op('transpose', [x], { perm: [0, 3, 1, 2] });
  last = (x: ValueId) => this.op('transpose', [x], { perm: [0, 2, 3, 1] });

  done(...outputs: ValueId[]): Graph {
    outputs.forEach((id, i) => void this.b.output(outputs.length === 1 ? 'y' : `y${i}`, id));
    return this.b.finish();
  }
}

export const kinds = (graph: Graph) => graph.nodes.map((n) => n.kind).join(' ');

/** The same outputs on seeded inputs. */
export function expectSame(got: Graph, want: Graph, tolerance = 1e-5): void {
  const rng = random(11);
  const inputs: Record<string, Tensor> = {};
  for (const p of want.inputs) {
    const { shape, dtype } = want.values.get(p.value)!;
    inputs[p.name] = sampleTensor({ shape, dtype }, rng);
  }
  const a = evaluateGraph(got, inputs);
  const b = evaluateGraph(want, inputs);
  expect(Object.keys(a)).toEqual(Object.keys(b));
  for (const name of Object.keys(b))
    expect(difference(a[name], b[name]), name).toBeLessThanOrEqual(tolerance);
}
