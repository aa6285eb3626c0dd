/** The source model in the hands of others: what espalier's modules are held against. */
import type { Source } from '../model.ts';
import { evaluateGraph } from '../semantics/evaluate.ts';
import { onnx } from './onnx.ts';
import { type Reference, type ReferenceMaker, type ReferenceOptions, sameWeights } from './reference.ts';
import { graphModel, layersModel } from './tfjs.ts';
import { tflite } from './tflite.ts';

/** By the reader's name for the format; the others have no runtime in JavaScript. */
const makers: ReadonlyMap<string, ReferenceMaker> = new Map([
  ['tfjs layers model', layersModel],
  ['tfjs graph model', graphModel],
  ['onnx', onnx],
  ['tflite', tflite],
]);

/** The runtime of the format where it is at hand; else the definition of the operators, whose title says why. */
export async function referenceOf(source: Source, options: ReferenceOptions = {}): Promise<Reference> {
  const maker = makers.get(source.format);
  const made = maker ? await maker(source, options) : 'Keras has no runtime here';
  return typeof made === 'string' ? definition(source, made) : made;
}

const definition = ({ graph }: Source, why: string): Reference => ({
  title: `definition of the operators; ${why}`,
  tolerance: sameWeights,
  runtime: [],
  run: async (inputs) => evaluateGraph(graph, inputs),
  prepare: (inputs) => () => void evaluateGraph(graph, inputs),
  memory: () => undefined,
  dispose() {},
});

export { oneStep, type Reference, type ReferenceOptions, sameWeights } from './reference.ts';
