/** What TFLite is asked, and what is made of its answers; `test/conformance/tflite` runs the real one. */
import { expect, test } from 'vitest';
import { load } from '../../compiler/index.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { referenceOf } from '../../compiler/reference/index.ts';
import { oneStep, otherRuntime } from '../../compiler/reference/reference.ts';
import { type LiteSpec, type LiteTensorSpec, liteFile } from '../import/tflite-models.ts';
import { stub } from './packages.ts';

/** Adds up its inputs over its life; `made` is what creating a runner gives. */
const runtime = (made = 'ok: () => true, value: () => new Runner()') =>
  stub('@tensorflow/tfjs-tflite', {
    'index.js': 'module.exports = { log: { models: [], runners: [] } };',
    'wasm/tflite_web_api_cc_simd.wasm': '',
    'wasm/tflite_web_api_cc_simd.js': `
      const { log } = require('../index.js');
      class Runner {
        constructor() {
          Object.assign(this, { x: new log.Type(3), y: new log.Type(3), runs: 0, deleted: false });
          log.runners.push(this);
        }
        GetInputs() { return { get: () => ({ data: () => this.x }) }; }
        GetOutputs() { return { get: () => ({ data: () => this.y }) }; }
        Infer() { this.runs++; this.x.forEach((v, i) => { this.y[i] += v; }); return true; }
        delete() { this.deleted = true; }
      }
      module.exports = async () => {
        const HEAPU8 = new Uint8Array(100000);
        return {
          HEAPU8,
          _malloc: () => 64,
          TFLiteWebModelRunner: {
            CreateFromBufferAndOptions(at, bytes, options) {
              log.models.push({ bytes: HEAPU8.slice(at, at + bytes), options });
              return { ${made} };
            },
          },
        };
      };`,
  });

const spec = (more: Partial<LiteTensorSpec> = {}): LiteSpec => ({
  tensors: [
    { shape: [1, 3], name: 'x', ...more },
    { shape: [1, 3], name: 'y', ...more },
  ],
  operators: [{ op: 'RELU', inputs: [0], outputs: [1] }],
  inputs: [0],
  outputs: [1],
});
const x = { x: tensor('float32', [1, 3], [1, 2, 3]) };

test('gives the runtime the model, and takes copies of its results', async () => {
  const { folder, exports } = runtime();
  exports.log.Type = Float32Array;
  const file = liteFile(spec());
  const { source } = await load({ 'model.tflite': file });
  const reference = await referenceOf(source, { peers: [folder] });
  expect(reference).toMatchObject({ title: 'TFLite-web with XNNPACK', tolerance: otherRuntime });
  expect(exports.log.models[0].bytes).toEqual(file);
  expect(exports.log.models[0].options.numThreads).toBe(1);
  const first = await reference.run(x);
  expect(first.y).toEqual(tensor('float32', [1, 3], [1, 2, 3]));
  await reference.run(x);
  expect(Array.from(first.y.data)).toEqual([1, 2, 3]);
  // No states: one runner serves all runs.
  expect(exports.log.runners.map((r: { runs: number }) => r.runs)).toEqual([2]);
  reference.dispose();
  expect(exports.log.runners[0].deleted).toBe(true);
});

test('begins every run of a model with states anew', async () => {
  const { folder, exports } = runtime();
  exports.log.Type = Float32Array;
  const weights = (...shape: number[]): LiteTensorSpec => ({
    shape,
    data: new Uint8Array(4 * shape.reduce((a, b) => a * b)),
  });
  const rnn: LiteSpec = {
    tensors: [
      { shape: [1, 3], name: 'x' },
      weights(3, 3),
      weights(3, 3),
      weights(3),
      { shape: [1, 3], variable: true },
      { shape: [1, 3], name: 'y' },
    ],
    operators: [{ op: 'RNN', inputs: [0, 1, 2, 3, 4], outputs: [5], options: [[0, 4, 'byte']] }],
    inputs: [0],
    outputs: [5],
  };
  const { source } = await load({ 'model.tflite': liteFile(rnn) });
  const reference = await referenceOf(source, { peers: [folder] });
  for (let i = 0; i < 2; i++) expect(Array.from((await reference.run(x)).y.data)).toEqual([1, 2, 3]);
  reference.dispose();
  expect(exports.log.runners.every((r: { deleted: boolean }) => r.deleted)).toBe(true);
});

test('allows one step where results are integers', async () => {
  const { folder, exports } = runtime();
  exports.log.Type = Int8Array;
  const { source } = await load({
    'model.tflite': liteFile(spec({ type: 'int8', scale: [0.1], zero: [0] })),
  });
  expect((await referenceOf(source, { peers: [folder] })).tolerance).toBe(oneStep);
});

test('says why the definition of the operators stands in', async () => {
  const { source } = await load({ 'model.tflite': liteFile(spec()) });
  const refusing = runtime("ok: () => false, errorMessage: () => 'custom operator'");
  expect((await referenceOf(source, { peers: [refusing.folder] })).title).toBe(
    "definition of the operators; TFLite-web can't run it (custom operator)",
  );
  const open = await load(
    { 'model.tflite': liteFile(spec({ signature: [-1, 3] })) },
    { shapes: { x: [2, 3] } },
  );
  const { folder, exports } = runtime();
  exports.log.Type = Float32Array;
  expect((await referenceOf(open.source, { peers: [folder] })).title).toBe(
    'definition of the operators; TFLite-web runs it in the shapes of the file only',
  );
});
