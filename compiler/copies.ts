/** What of a model's work only moves data: copies that the layouts of its values ask for. */
import type { Graph } from './ir/graph.ts';
import { elementBytes, sizeOf } from './ir/tensor.ts';
import { singleSteps } from './plan/forms.ts';
import { stageGraph } from './plan/stage.ts';
import { viewShape } from './plan/view.ts';

export interface CopyFacts {
  /** The node that asks for the copy. */
  readonly name: string;
  /** Written in a run. */
  readonly bytes: number;
  /** To or from an input or output of the model, whose layout is given. */
  readonly port: boolean;
}

/** The copies in a line of words. */
export function copyLine(copies: readonly CopyFacts[], bytes: (n: number) => string): string {
  const ports = copies.filter((c) => c.port);
  const inside = copies.filter((c) => !c.port);
  const told = (list: readonly CopyFacts[]) =>
    `${list.length} (${bytes(list.reduce((n, c) => n + c.bytes, 0))} a run)`;
  const names = inside.slice(0, 8).map((c) => c.name);
  const where =
    inside.length === 0 ? '' : `: ${names.join(', ')}${inside.length > names.length ? ', …' : ''}`;
  return `Copies for the sake of layout: ${told(ports)} at inputs and outputs, ${told(inside)} between layers${where}.`;
}

/** In order of execution; loops over time count once. */
export function copiesOf(graph: Graph): CopyFacts[] {
  const { plan } = stageGraph(graph);
  const isPort = (id: number) => plan.values.get(id)!.role !== 'temp';
  const moves = singleSteps(plan.steps).filter((s) => s.form === 'move');
  return moves.map(({ name, x, y }) => ({
    name,
    bytes: elementBytes[plan.values.get(y.value)!.dtype] * sizeOf(viewShape(y)),
    port: isPort(x.value) || isPort(y.value),
  }));
}
