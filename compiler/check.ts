/** What must hold between stages. A failure is a bug of the stage before: `InternalError`. */
import { assert } from './errors.ts';
import type { Graph } from './ir/graph.ts';
import { sameShape, sizeOf } from './ir/tensor.ts';
import type { Metadata } from './link/metadata.ts';
import { validate } from './link/validate.ts';
import { type Plan, parameters, reads, type Step, writes } from './plan/forms.ts';
import { opOf } from './semantics/evaluate.ts';

/** Values are made before they are used, once, and have the types that their operators infer. */
export function checkGraph(graph: Graph): void {
  const known = new Set(graph.inputs.map((p) => p.value));
  for (const [id, v] of graph.values) {
    if (v.data === undefined) continue;
    assert(v.data.length === sizeOf(v.shape), `constant ${v.name} doesn't fill its shape`);
    known.add(id);
  }
  for (const n of graph.nodes) {
    for (const i of n.inputs) assert(i === null || known.has(i), `${n.name} reads a value before it is made`);
    const inputs = n.inputs.map((i) => (i === null ? null : graph.values.get(i)!));
    const types = opOf(n.kind).infer(inputs, n.attrs, { node: n.name, op: n.source });
    assert(types.length === n.outputs.length, `${n.name} has ${n.outputs.length} outputs`);
    n.outputs.forEach((id, i) => {
      const v = graph.values.get(id);
      assert(v && !known.has(id), `${n.name} makes a value twice`);
      assert(v.dtype === types[i].dtype && sameShape(v.shape, types[i].shape), `${n.name} has a wrong type`);
      known.add(id);
    });
  }
  for (const p of graph.outputs) assert(known.has(p.value), `output ${p.name} is never made`);
}

/** Steps read only what was written before, and never write a constant or an input. */
export function checkPlan({ values, steps, inputs, outputs, state }: Plan): void {
  const written = new Set([...inputs, ...state].map((p) => p.value));
  for (const v of values.values()) if (v.data !== undefined) written.add(v.id);
  const carried = (s: Step) => (s.form === 'scan' ? s.body.flatMap(writes).map((v) => v.value) : []);
  for (const s of steps) {
    const inside = new Set(carried(s));
    for (const v of reads(s)) {
      assert(values.has(v.value), `${s.name} reads a value that isn't there`);
      assert(written.has(v.value) || inside.has(v.value), `${s.name} reads a value before it is written`);
    }
    for (const id of parameters(s))
      assert(values.get(id)?.data, `${s.name} has a weight that is no constant`);
    for (const v of writes(s)) {
      const role = values.get(v.value)?.role;
      assert(role && role !== 'constant' && role !== 'input', `${s.name} writes a value of role ${role}`);
      written.add(v.value);
    }
  }
  for (const p of outputs) assert(written.has(p.value), `output ${p.name} is never written`);
}

const exported = ['abi', 'memory', 'run'];

/** Stands alone: no imports, memory that never grows, only the exports of the interface; what it declares lies inside. */
export async function checkModule(wasm: Uint8Array<ArrayBuffer>, metadata: Metadata): Promise<void> {
  await validate(wasm, metadata.build);
  for (const p of [...metadata.inputs, ...metadata.outputs]) {
    assert(p.offset > 0 && p.offset + sizeOf(p.shape) <= metadata.memoryBytes, `${p.name} is outside memory`);
  }
  // Node 20 does not know relaxed SIMD.
  if (metadata.build === 'relaxed' && !WebAssembly.validate(wasm)) return;
  const module = new WebAssembly.Module(wasm);
  assert(WebAssembly.Module.imports(module).length === 0, 'the module has imports');
  const names = WebAssembly.Module.exports(module).map((e) => e.name);
  const wanted = metadata.stateful ? [...exported, 'reset'] : exported;
  assert(
    wanted.every((name) => names.includes(name)),
    `the module exports ${names}`,
  );
  assert(
    names.every((name) => wanted.includes(name) || /^step\d+$/.test(name)),
    `the module exports ${names}`,
  );
}
