/**
 * A graph as text, one line per node, the same for graphs that are the same up to numbering:
 *
 *     x: float32[1,8,8,3]
 *     v0 = transpose(x) {perm: [0,3,1,2]}: float32[1,3,8,8]
 *     v1 = conv(v0, const[4,3,3,3], const[4]) {strides: [1,1], …}: float32[1,4,6,6]
 *     y = v1
 */
import type { Attrs, Graph, Value, ValueId } from './graph.ts';

export interface PrintOptions {
  /** End every line with the node's name in the source model. */
  readonly names?: boolean;
}

export function printGraph(graph: Graph, { names = false }: PrintOptions = {}): string {
  const labels = new Map<ValueId, string>(graph.inputs.map((p) => [p.value, p.name]));
  const label = (id: ValueId | null) =>
    id === null ? 'none' : (labels.get(id) ?? constantLabel(graph.values.get(id)!));
  const type = (id: ValueId) => {
    const v = graph.values.get(id)!;
    return `${v.dtype}[${v.shape}]`;
  };
  const lines = graph.inputs.map((p) => `${p.name}: ${type(p.value)}`);
  let next = 0;
  for (const n of graph.nodes) {
    for (const o of n.outputs) labels.set(o, `v${next++}`);
    const made = n.outputs.map(label).join(', ');
    const types = n.outputs.map(type).join(', ');
    const line = `${made} = ${n.kind}(${n.inputs.map(label).join(', ')})${attrsText(n.attrs)}: ${types}`;
    lines.push(names ? `${line}  # ${n.name}` : line);
  }
  for (const p of graph.outputs) lines.push(`${p.name} = ${label(p.value)}`);
  return lines.join('\n');
}

function attrsText(attrs: Attrs): string {
  const list = Object.entries(attrs).map(([key, value]) => `${key}: ${valueText(value)}`);
  return list.length === 0 ? '' : ` {${list.join(', ')}}`;
}

/** JSON, but infinities and NaN stay themselves. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText)}]`;
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function constantLabel(v: Value): string {
  if (v.data!.length !== 1) return `const[${v.shape}]`;
  const value = String(Number(v.data![0].toPrecision(6)));
  return v.shape.length === 0 ? value : `${value}[${v.shape}]`;
}
