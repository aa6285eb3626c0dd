/** Many graphs in one module: assembling costs far more than running. */
import { type Graph, GraphBuilder, type ValueId } from '../../../compiler/ir/graph.ts';
import type { Tensor } from '../../../compiler/ir/tensor.ts';
import { emit } from '../../../compiler/pipeline.ts';
import { semantics } from '../../../compiler/semantics/evaluate.ts';
import { execute } from '../../execute.ts';

export interface Job {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** The graphs side by side; ports of graph k are named `k/…`. */
function united(graphs: readonly Graph[]): Graph {
  const b = new GraphBuilder(semantics, 'cases');
  graphs.forEach((g, k) => {
    const map = new Map<ValueId, ValueId>();
    for (const p of g.inputs) {
      const { dtype, shape } = g.values.get(p.value)!;
      map.set(p.value, b.input(`${k}/${p.name}`, dtype, shape));
    }
    const get = (id: ValueId): ValueId => {
      const v = g.values.get(id)!;
      if (!map.has(id)) map.set(id, b.constant(v as Tensor, v.name, v.origin));
      return map.get(id)!;
    };
    for (const n of g.nodes) {
      const inputs = n.inputs.map((i) => (i === null ? null : get(i)));
      const made = b.node(n.kind, inputs, n.attrs, { name: `${k}/${n.name}`, source: n.source });
      n.outputs.forEach((o, i) => void map.set(o, made[i]));
    }
    for (const p of g.outputs) b.output(`${k}/${p.name}`, get(p.value));
  });
  return b.finish();
}

/** Outputs of every job, compiled; an error where it doesn't compile or run. A batch that fails is halved. */
export async function runCompiled(jobs: readonly Job[]): Promise<(Record<string, Tensor> | Error)[]> {
  if (jobs.length === 0) return [];
  try {
    const { wasm, metadata } = await emit(united(jobs.map((j) => j.graph)));
    const inputs = jobs.flatMap((j, k) =>
      Object.entries(j.inputs).map(([name, t]) => [`${k}/${name}`, t] as const),
    );
    const outputs = execute(wasm as Uint8Array<ArrayBuffer>, metadata, Object.fromEntries(inputs));
    return jobs.map((j, k) =>
      Object.fromEntries(j.graph.outputs.map((p) => [p.name, outputs[`${k}/${p.name}`]])),
    );
  } catch (error) {
    if (jobs.length === 1) return [error as Error];
    const half = jobs.length >> 1;
    return [...(await runCompiled(jobs.slice(0, half))), ...(await runCompiled(jobs.slice(half)))];
  }
}
