/** Writes a LayersModel back with the weights of a graph: the same topology and groups, float32 weights. */
import { assert } from '../errors.ts';
import type { Graph } from '../ir/graph.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { ModelFiles } from './files.ts';
import { asObject } from './json.ts';
import { restoreWeights } from './restore.ts';
import { parseManifest, readWeights, type WeightGroup, type WeightSpec } from './tfjs-weights.ts';
import { writeFiles } from './write-files.ts';

/**
 * `files` is the source of `graph`. Writes into `dir` under the names of the source; quantized weights become float32, the
 * state of an optimizer is left out. Throws `E_UNSUPPORTED` where the graph's weights no longer fit the topology, `E_IO`.
 */
export function writeTfjsLayers(files: ModelFiles, graph: Graph, dir: string): void {
  writeFiles(dir, tfjsLayersFiles(files, graph));
}

/** The files that `writeTfjsLayers` writes, model.json last. */
export function tfjsLayersFiles(files: ModelFiles, graph: Graph): Map<string, Uint8Array> {
  const place = { file: files.main };
  const json = asObject(files.json(files.main), 'the model', place);
  const groups = parseManifest(json.weightsManifest ?? [], place);
  const network = (g: WeightGroup) => g.weights.filter((w) => !w.optimizer);
  const source = readWeights(files, groups, { allowNonfinite: true });
  const weights = new Map([...source, ...restoreWeights(graph, source, place)]);
  const out = new Map<string, Uint8Array>();
  for (const group of groups) {
    for (const [path, bytes] of shards(files, group, encode(network(group), weights))) out.set(path, bytes);
  }
  const weightsManifest = groups.map((g) => ({
    paths: g.paths,
    weights: network(g).map(({ name, shape, dtype }) => ({ name, shape, dtype })),
  }));
  out.set(files.main, new TextEncoder().encode(JSON.stringify({ ...json, weightsManifest })));
  return out;
}

function encode(specs: readonly WeightSpec[], weights: ReadonlyMap<string, Tensor>): Uint8Array {
  const parts = specs.map((w) => {
    const { data } = weights.get(w.name)!;
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  });
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** Cut where the source is cut, in proportion where sizes changed. */
function shards(files: ModelFiles, group: WeightGroup, bytes: Uint8Array): [string, Uint8Array][] {
  let end = 0;
  const ends = group.paths.map((p) => (end += files.size(p)));
  assert(end === group.bytes, 'the group was read whole');
  const cut = (at: number) =>
    at === end ? bytes.length : Math.floor((at * bytes.length) / Math.max(1, end));
  return group.paths.map((p, i) => [p, bytes.subarray(i === 0 ? 0 : cut(ends[i - 1]), cut(ends[i]))]);
}
