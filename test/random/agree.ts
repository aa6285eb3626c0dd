/** All statements of a network's meaning, held against each other; every disagreement in words. */
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { simplify } from '../../compiler/passes/index.ts';
import { interpret } from '../../compiler/plan/interpret.ts';
import type { SelectOptions } from '../../compiler/plan/select.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { difference } from '../samples.ts';
import { machine, type Stages, stages } from './compile.ts';
import type { Network } from './grow.ts';
import { violations } from './memory-map.ts';

type Results = Record<string, Tensor>;

/** Errors grow along a chain of up to twelve nodes. */
export const tolerance = 5e-5;

export function compare(label: string, got: Results, want: Results, limit = tolerance): string[] {
  return Object.keys(want).flatMap((name) => {
    const d = difference(got[name], want[name]);
    return d <= limit ? [] : [`${name}: ${label} is off by ${d}`];
  });
}

/** Everything up to the text of the module, and the memory map. */
export function disagreements(n: Network, want: Results = evaluateGraph(n.graph, n.inputs)): string[] {
  const s = stages(n.graph);
  return [
    ...compare('the lowered plan', interpret(s.lowered, n.inputs), want),
    ...compare('the fused plan', interpret(s.fused, n.inputs), want),
    ...compare('the staged plan', interpret(s.staged.plan, n.inputs), want),
    ...compare('the simplified graph', evaluateGraph(simplify(n.graph), n.inputs), want),
    ...violations(s),
  ];
}

/** Where temporaries, inputs and outputs lie. */
export function arena({ staged, module: { memory } }: Stages): { from: number; to: number } {
  const at = [...memory.addresses].filter(([id]) => !staged.plan.values.get(id)!.data).map(([, a]) => a);
  return { from: Math.min(...at), to: memory.end };
}

/**
 * The module: right the first time; the same bits after other inputs, and after all of the arena was filled with NaN.
 */
export async function moduleDisagreements(
  n: Network,
  options: Pick<SelectOptions, 'build'> & Partial<SelectOptions>,
  want: Results = evaluateGraph(n.graph, n.inputs),
): Promise<string[]> {
  const s = stages(n.graph, options);
  const m = (await machine(s, options.build))();
  const label = JSON.stringify(options);
  const first = m.run(n.inputs);
  m.run(negated(n.inputs));
  const again = m.run(n.inputs);
  const { from, to } = arena(s);
  m.bytes.fill(0xff, from, to);
  const poisoned = m.run(n.inputs);
  return [
    ...compare(`wasm ${label}`, first, want),
    ...compare(`the second run ${label}`, again, first, 0),
    ...compare(`the run on NaN ${label}`, poisoned, first, 0),
  ];
}

const negated = (inputs: Results): Results =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, t]) => [name, { ...t, data: t.data.map((v) => -v) as Float32Array }]),
  );
