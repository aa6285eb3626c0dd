/** Programs that take a model from nothing to its first result in a fresh Node process, in JavaScript: see `coldstart.ts`. */

import { printResult } from './coldstart.ts';

const begin = 'const start = performance.now();';
const end = `const ms = performance.now() - start;\n${printResult('ms')}`;

/** A CommonJS module: required runtimes start sooner than imported ones. */
export const commonJs = (body: string): string => `${begin}\n(async () => {\n${body}${end}})();\n`;

const firstRun = 'const model = await load();\nmodel.invoke();\n';

/** An ES module. `loader` is the URL of a generated one. Inputs are zeros. */
export const importScript = (loader: string): string =>
  `${begin}\nconst { load } = await import(${JSON.stringify(loader)});\n${firstRun}${end}`;

/** A CommonJS module. `loader` is the path of a generated one. */
export const requireScript = (loader: string): string =>
  commonJs(`const { load } = require(${JSON.stringify(loader)});\n${firstRun}`);

export interface TfjsPaths {
  readonly core: string;
  readonly layers: string;
  readonly wasm: string;
  /** Folder with the backend's binaries, with a slash at its end. */
  readonly binaries: string;
}

/** A CommonJS module. `files` are the paths of model.json and of its shards in order. */
export const tfjsScript = (
  paths: TfjsPaths,
  files: readonly string[],
  shapes: readonly (readonly number[])[],
): string =>
  commonJs(`const { readFileSync } = require('node:fs');
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
`);
