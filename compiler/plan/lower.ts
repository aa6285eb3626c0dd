/** Graph → plan: every operator lowers itself; aliases cost nothing, outputs are copied last (and that copy is elided later). */
import { assert } from '../errors.ts';
import type { Graph, Node, ValueId } from '../ir/graph.ts';
import { type DType, type Shape, sizeOf, type Tensor, type TensorType } from '../ir/tensor.ts';
import type { Lowering, NewStep } from '../ops/define.ts';
import { opOf } from '../semantics/evaluate.ts';
import type { Plan, PlanValue, Role, Step } from './forms.ts';
import { isIdentity, padView, reshapeView, type View, viewShape, whole } from './view.ts';

export function lower(graph: Graph): Plan {
  const values = new Map<number, PlanValue>();
  const views = new Map<ValueId, View>();
  const state: { value: number; initial: number }[] = [];
  let steps: Step[] = [];

  const add = (name: string, dtype: DType, shape: Shape, role: Role, data?: Tensor['data']): View => {
    const id = values.size;
    values.set(id, { id, name, dtype, shape, role, data });
    return whole(id, shape);
  };
  const viewOf = (id: ValueId): View => {
    const known = views.get(id);
    if (known) return known;
    const v = graph.values.get(id)!;
    assert(v.data, `value ${v.name} is lowered before it is made`);
    const view = add(v.name, v.dtype, v.shape, 'constant', v.data);
    views.set(id, view);
    return view;
  };

  const inputs = graph.inputs.map((p) => {
    const v = graph.values.get(p.value)!;
    const view = add(p.name, v.dtype, v.shape, 'input');
    views.set(p.value, view);
    return { name: p.name, value: view.value };
  });

  for (const node of graph.nodes) {
    const made = opOf(node.kind).lower(lowering(node), node.attrs);
    assert(made.length === node.outputs.length, `${node.kind} lowers to ${made.length} outputs`);
    made.forEach((view, i) => {
      const want = graph.values.get(node.outputs[i])!.shape;
      assert(
        String(viewShape(view)) === String(want),
        `${node.kind} lowers [${want}] to [${viewShape(view)}]`,
      );
      views.set(node.outputs[i], view);
    });
  }

  const outputs = graph.outputs.map((p) => {
    const v = graph.values.get(p.value)!;
    const y = add(p.name, v.dtype, v.shape, 'output');
    steps.push({ form: 'move', name: p.name, op: 'output', x: viewOf(p.value), y, fill: 0 });
    return { name: p.name, value: y.value };
  });
  return { name: graph.name, values, steps, inputs, outputs, state };

  function lowering(node: Node): Lowering {
    const input = (i: number): ValueId => {
      const id = node.inputs[i];
      assert(id !== null && id !== undefined, `${node.name}: input ${i} is missing`);
      return id;
    };
    const typeOf = (id: ValueId): TensorType => graph.values.get(id)!;
    const l: Lowering = {
      view: (i) => viewOf(input(i)),
      has: (i) => node.inputs[i] !== null && node.inputs[i] !== undefined,
      constantOf(i) {
        const v = graph.values.get(input(i))!;
        return v.data && { dtype: v.dtype, shape: v.shape, data: v.data };
      },
      inputType: (i) => typeOf(input(i)),
      outputType: (i) => typeOf(node.outputs[i]),
      temp: (dtype, shape) => add(node.name, dtype, shape, 'temp'),
      constant: (t, name = node.name) => add(name, t.dtype, t.shape, 'constant', t.data),
      state(t, name = node.name) {
        const kept = add(name, t.dtype, t.shape, 'state');
        state.push({ value: kept.value, initial: l.constant(t, name).value });
        return kept;
      },
      constantId(i) {
        const view = viewOf(input(i));
        assert(
          values.get(view.value)!.data && isIdentity(view),
          `${node.name}: input ${i} is no plain constant`,
        );
        return view.value;
      },
      emit: (step: NewStep) => void steps.push({ ...step, name: node.name, op: node.source } as Step),
      collect(body) {
        const outer = steps;
        steps = [];
        body();
        const collected = steps;
        steps = outer;
        return collected;
      },
      materialize(view, fill = 0) {
        const y = l.temp(values.get(view.value)!.dtype, viewShape(view));
        l.emit({ form: 'move', x: view, y, fill });
        return y;
      },
      reshape(view, shape) {
        const aliased = reshapeView(view, shape);
        if (aliased) return aliased;
        // One axis can be cut anywhere: copy into that.
        const flat = l.temp(values.get(view.value)!.dtype, [sizeOf(shape)]);
        l.emit({ form: 'move', x: view, y: reshapeView(flat, viewShape(view))!, fill: 0 });
        return reshapeView(flat, shape)!;
      },
      pad: (view, before, after) =>
        padView(view, before, after) ?? padView(l.materialize(view), before, after)!,
    };
    return l;
  }
}
