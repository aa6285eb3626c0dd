/** A graph as a table: what each node is, what it costs, how sparse it is already. */
import type { Graph } from './ir/graph.ts';
import type { Shape } from './ir/tensor.ts';
import type { ChannelReport } from './passes/index.ts';
import { opOf } from './semantics/evaluate.ts';

export interface NodeFacts {
  readonly name: string;
  /** What the source calls the operator. */
  readonly op: string;
  readonly output: Shape;
  readonly params: number;
  readonly zeros: number;
  readonly macs: number;
  /** Has weights that can be pruned. */
  readonly prunable: boolean;
}

/** Which channels went and which rows of zeros had to stay, in lines of words. */
export function channelLines({ removed, kept, saved }: ChannelReport): string[] {
  const share = ({ before, after }: { before: number; after: number }) =>
    before === 0 ? '0 %' : `${(100 * (1 - after / before)).toFixed(1)} %`;
  const gone = removed.map((l) => `${l.layer} ${l.before} → ${l.after}`);
  return [
    ...(gone.length > 0
      ? [
          `Dead channels are gone from the shapes, with ${share(saved.weights)} of the weights and ${share(saved.macs)} of the MACs: ${gone.join(', ')}.`,
        ]
      : []),
    ...kept.map(
      (k) => `${k.layer} keeps ${k.channels} ${k.channels === 1 ? 'row' : 'rows'} of zeros: ${k.reason}.`,
    ),
  ];
}

/** In order of execution. Weights that several nodes share count once, with the first. */
export function describe(graph: Graph): NodeFacts[] {
  const seen = new Set<number>();
  return graph.nodes.map((node) => {
    const op = opOf(node.kind);
    const inputs = node.inputs.map((id) => (id === null ? null : graph.values.get(id)!));
    const outputs = node.outputs.map((id) => graph.values.get(id)!);
    let params = 0;
    let zeros = 0;
    for (const v of inputs) {
      if (!v?.data || seen.has(v.id)) continue;
      seen.add(v.id);
      params += v.data.length;
      for (let i = 0; i < v.data.length; i++) if (v.data[i] === 0) zeros++;
    }
    return {
      name: node.name,
      op: node.source,
      output: outputs[0].shape,
      params,
      zeros,
      macs: op.macs?.(inputs, outputs, node.attrs as never) ?? 0,
      prunable: (op.prunable?.(node.attrs as never) ?? []).some(
        ({ input }) => inputs[input]?.data !== undefined,
      ),
    };
  });
}
