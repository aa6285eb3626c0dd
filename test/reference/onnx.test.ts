/** What ONNX Runtime is asked, and what is made of its answers; `bench/real-models.ts` runs the real one. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { load } from '../../compiler/index.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { referenceOf } from '../../compiler/reference/index.ts';
import { external, type Files, files, graph, model, node, port } from '../import/onnx-models.ts';
import { stub } from './packages.ts';

/** Doubles `x`, whatever the model says, as a runtime that computes it otherwise would. */
const runtime = (name: string, create = '') =>
  stub(name, {
    'index.js': `
      const log = { created: [], fed: [], released: 0 };
      class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
      module.exports = {
        log, Tensor, env: { wasm: {} },
        InferenceSession: {
          async create(given, options) {
            log.created.push({ given, options });
            ${create}
            return {
              async run(feeds) {
                log.fed.push(feeds);
                return { y: { data: Array.from(feeds.x.data, (v) => typeof v === 'bigint' ? 2n * v : 2 * v) } };
              },
              async release() { log.released++; },
            };
          },
        },
      };`,
  });

const doubled = () =>
  files(
    model(graph({ nodes: [node('Add', ['x', 'x'], ['y'])], inputs: [port('x', [1, 3])], outputs: ['y'] })),
  );

test('runs on one thread, and gives results the types and shapes of the outputs', async () => {
  const { folder, exports } = runtime('onnxruntime-web');
  const { source } = await load(doubled());
  const reference = await referenceOf(source, { peers: [folder] });
  expect(reference.title).toBe('onnxruntime-web');
  expect(exports.env.wasm.numThreads).toBe(1);
  expect(exports.log.created[0].options).toMatchObject({
    executionProviders: ['wasm'],
    intraOpNumThreads: 1,
  });
  const { y } = await reference.run({ x: tensor('float32', [1, 3], [1, 2, 3]) });
  expect(y).toEqual(tensor('float32', [1, 3], [2, 4, 6]));
  await reference.prepare({ x: tensor('float32', [1, 3], [4, 5, 6]) })();
  expect(exports.log.fed[1].x).toMatchObject({
    type: 'float32',
    data: Float32Array.of(4, 5, 6),
    dims: [1, 3],
  });
  reference.dispose();
  expect(exports.log.released).toBe(1);
});

test('feeds integers of the type that the file says, and inputs that were fixed', async () => {
  const { folder, exports } = runtime('onnxruntime-web');
  const parts = {
    nodes: [node('Add', ['x', 'rate'], ['y'])],
    inputs: [port('x', [2], 7), port('rate', [], 7)],
    outputs: ['y'],
  };
  const { source } = await load(files(model(graph(parts))), { fixed: { rate: 16000 } });
  const reference = await referenceOf(source, { peers: [folder] });
  const { y } = await reference.run({ x: tensor('int32', [2], [1, -2]) });
  expect(exports.log.fed[0].x.data).toEqual(BigInt64Array.of(1n, -2n));
  expect(exports.log.fed[0].rate).toMatchObject({ type: 'int64', data: BigInt64Array.of(16000n), dims: [] });
  expect(y).toEqual(tensor('int32', [2], [2, -4]));
});

test('says why the definition of the operators stands in', async () => {
  const { folder } = runtime('onnxruntime-web', "throw new Error('no kernel for it\\nsecond line');");
  const { source } = await load(doubled());
  const reference = await referenceOf(source, { peers: [folder] });
  expect(reference.title).toBe(
    "definition of the operators; onnxruntime-web can't run it (no kernel for it)",
  );
  const { y } = await reference.run({ x: tensor('float32', [1, 3], [1, 2, 3]) });
  expect(Array.from(y.data)).toEqual([2, 4, 6]);
});

test('takes the native build where it is asked for', async () => {
  const { folder, exports } = runtime('onnxruntime-node');
  const { source } = await load(doubled());
  const reference = await referenceOf(source, { backend: 'node', peers: [folder] });
  expect(reference.title).toBe('onnxruntime-node');
  expect(exports.log.created[0].options.executionProviders).toEqual(['cpu']);
});

test('finds data outside the model file beside it, and leaves nothing behind', async () => {
  const { folder, exports } = runtime(
    'onnxruntime-web',
    "log.beside = require('node:fs').readdirSync(require('node:path').dirname(given)).sort();",
  );
  const parts = {
    nodes: [node('Add', ['x', 'w'], ['y'])],
    inputs: [port('x', [3])],
    outputs: ['y'],
    initializers: [external('w', 3, { location: 'w.bin' })],
  };
  const given: Files = { ...files(model(graph(parts))), 'w.bin': new Uint8Array(12) };
  const { source } = await load(given);
  await referenceOf(source, { peers: [folder] });
  expect(exports.log.beside).toEqual(['model.onnx', 'w.bin']);
  expect(existsSync(dirname(exports.log.created[0].given))).toBe(false);
});
