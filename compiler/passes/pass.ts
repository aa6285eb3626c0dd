import type { Graph } from '../ir/graph.ts';

/** One rewrite of a graph that keeps its meaning, its inputs and its outputs. */
export interface Pass {
  readonly name: string;
  readonly description: string;
  run(graph: Graph): Graph;
}
