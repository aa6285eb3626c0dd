/** Programs that take a model from nothing to its first result in a fresh Node process, in JavaScript: see `coldstart.ts`. */

import { printResult } from './coldstart.ts';

const begin = 'const start = performance.now();';
const end = `const ms = performance.now() - start;\n${printResult('ms')}`;

/** `loader` is the URL of a generated loader. Inputs are zeros. */
export const espalierScript = (loader: string): string => `${begin}
const { load } = await import(${JSON.stringify(loader)});
const model = await load();
model.invoke();
${end}`;

export interface TfjsPaths {
  readonly core: string;
  readonly layers: string;
  readonly wasm: string;
  /** Folder with the backend's binaries, with a slash at its end. */
  readonly binaries: string;
}

/** `files` are the paths of model.json and of its shards in order. */
export const tfjsScript = (
  paths: TfjsPaths,
  files: readonly string[],
  shapes: readonly (readonly number[])[],
): string => `${begin}
const { createRequire } = await import('node:module');
const { readFileSync } = await import('node:fs');
const require = createRequire(${JSON.stringify(paths.core)});
const tf = require(${JSON.stringify(paths.core)});
const layers = require(${JSON.stringify(paths.layers)});
const { setWasmPaths } = require(${JSON.stringify(paths.wasm)});
setWasmPaths(${JSON.stringify(paths.binaries)});
tf.enableProdMode();
await tf.setBackend('wasm');
const [json, ...shards] = ${JSON.stringify(files)};
const { modelTopology, weightsManifest = [] } = JSON.parse(readFileSync(json, 'utf8'));
const model = await layers.loadLayersModel(tf.io.fromMemory({
  modelTopology,
  weightSpecs: weightsManifest.flatMap((group) => group.weights),
  weightData: new Uint8Array(Buffer.concat(shards.map((path) => readFileSync(path)))).buffer,
}));
const inputs = ${JSON.stringify(shapes)}.map((shape) => tf.zeros(shape));
for (const y of [model.predict(inputs.length === 1 ? inputs[0] : inputs)].flat()) await y.data();
${end}`;
