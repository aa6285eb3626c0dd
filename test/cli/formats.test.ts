/** Every format through the command line: `inspect` with its prediction, inputs that are fixed, and shapes that are given. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMetadata } from '../../compiler/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { graphFiles, floats as graphFloats } from '../import/graph-models.ts';
import { toH5, toKeras } from '../import/keras-files.ts';
import { type Files, save, seedWeights, tf } from '../import/models.ts';
import { floats, graph, ints, model, node, files as onnxFiles, port } from '../import/onnx-models.ts';
import { bytesOf, liteFile } from '../import/tflite-models.ts';
import { espalier } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-formats-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [inputs, units] = [48, 32];
const weights = (transposed: boolean) => {
  const rng = random(3);
  const w = Float32Array.from({ length: inputs * units }, () => rng.normal());
  // The first row of outputs is zero in each format.
  for (let k = 0; k < inputs; k++) w[transposed ? k : k * units] = 0;
  return w;
};

/** One dense layer in every format; the path of the model, and its files. */
async function models(): Promise<Record<string, readonly [main: string, files: Files]>> {
  const net = tf.sequential({
    name: 'net',
    layers: [tf.layers.dense({ units, inputShape: [inputs], name: 'hidden' })],
  });
  seedWeights(net);
  const [, bias] = net.layers[0].getWeights();
  net.layers[0].setWeights([tf.tensor(weights(false), [inputs, units]), bias]);
  const layers = await save(net);
  const graphModel = graphFiles({
    inputs: { x: { shape: [-1, inputs] } },
    nodes: [['y', 'MatMul', ['x', 'w']]],
    weights: { w: { ...graphFloats(1, inputs, units), values: weights(false) } },
  });
  const onnx = onnxFiles(
    model(
      graph({
        nodes: [node('MatMul', ['x', 'w'], ['y'])],
        inputs: [port('x', ['batch', inputs])],
        outputs: ['y'],
        initializers: [floats('w', [inputs, units], [...weights(false)])],
      }),
    ),
  );
  const lite = liteFile({
    tensors: [
      { shape: [1, inputs], name: 'x', signature: [-1, inputs] },
      { shape: [units, inputs], data: bytesOf(weights(true)) },
      { shape: [1, units], signature: [-1, units] },
    ],
    operators: [{ op: 'FULLY_CONNECTED', inputs: [0, 1, -1], outputs: [2] }],
    inputs: [0],
    outputs: [2],
  });
  return {
    'tfjs layers model': ['layers/model.json', layers],
    'tfjs graph model': ['graph/model.json', graphModel],
    onnx: ['model.onnx', onnx],
    tflite: ['model.tflite', { 'model.tflite': lite }],
    'keras h5': ['model.h5', { 'model.h5': toH5(layers) }],
    keras: ['model.keras', { 'model.keras': toKeras(layers) }],
  };
}

const paths = new Map<string, string>();
beforeAll(async () => {
  for (const [format, [main, files]] of Object.entries(await models())) {
    for (const [name, bytes] of Object.entries(files)) {
      const path = join(folder, dirname(main), name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
    paths.set(format, join(folder, main));
  }
});

const formats = ['tfjs layers model', 'tfjs graph model', 'onnx', 'tflite', 'keras h5', 'keras'];

describe.each(formats)('%s', (format) => {
  test('inspect --json', async () => {
    const { code, out, err } = await espalier('inspect', paths.get(format)!, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const found = JSON.parse(out);
    expect(format.startsWith(found.format)).toBe(true);
    expect(found.inputs).toMatchObject([{ dtype: 'float32', shape: [1, inputs] }]);
    expect(found.outputs).toMatchObject([{ shape: [1, units] }]);
    const layer = found.layers.find((l: { prunable: boolean }) => l.prunable);
    expect(layer).toMatchObject({ macs: inputs * units, output: [1, units] });
    // Zeros of the file itself; a bias may have more.
    expect(layer.zeros).toBeGreaterThanOrEqual(inputs);
    expect(layer.zeros).toBeLessThanOrEqual(inputs + units);
    const [dense, ...pruned] = found.predictions;
    expect(dense).toMatchObject({ sparsity: 0, bytes: expect.any(Number) });
    expect(pruned.map((p: { sparsity: number }) => p.sparsity)).toEqual([0.5, 0.8, 0.9, 0.95]);
    const [ns, bytes] = ['ns', 'bytes'].map((k) => [dense, ...pruned].map((p) => p[k]));
    for (let i = 1; i < ns.length; i++) {
      expect(ns[i]).toBeLessThanOrEqual(ns[i - 1]);
      expect(bytes[i]).toBeLessThanOrEqual(bytes[i - 1]);
    }
    expect(ns[4]).toBeLessThan(0.5 * ns[0]);
  });

  test('inspect says whether pruning will pay', async () => {
    const { out } = await espalier('inspect', paths.get(format)!);
    const [, block] = out.split('Will pruning pay?');
    expect(block).toMatch(/^dense +\S+ n?µ?s +1\.00×/m);
    for (const level of ['50 %', '80 %', '90 %', '95 %']) expect(block).toContain(level);
    const bare = await espalier('inspect', paths.get(format)!, '--no-predict');
    expect(bare.out).not.toContain('Will pruning pay?');
  });

  test('another batch by --shape', async () => {
    const path = paths.get(format)!;
    const { inputs: ports } = JSON.parse((await espalier('inspect', path, '--json', '--no-predict')).out);
    const shape = `${ports[0].name}=3,${inputs}`;
    const { out, code } = await espalier('inspect', path, '--json', '--no-predict', '--shape', shape);
    expect(code).toBe(0);
    expect(JSON.parse(out).outputs).toMatchObject([{ shape: [3, units] }]);
    const wrong = await espalier('inspect', path, '--shape', `${ports[0].name}=3,${inputs + 1}`);
    expect(wrong.code).toBe(2);
    const unknown = await espalier('inspect', path, '--shape', 'nothing=1');
    expect(unknown.code).toBe(2);
  });
});

describe('--fix', () => {
  /** rate = 16000 ? 2x : x. */
  const branching = () => {
    const branch = (op: string) => ({
      g: graph({ nodes: [node(op, ['x', 'x'], ['z'])], outputs: ['z'] }),
    });
    return onnxFiles(
      model(
        graph({
          nodes: [
            node('Equal', ['rate', 'wanted'], ['same']),
            node('If', ['same'], ['y'], { then_branch: branch('Add'), else_branch: branch('Mul') }),
          ],
          inputs: [port('x', [1, 3]), port('rate', [], 7)],
          outputs: ['y'],
          initializers: [ints('wanted', [16000], [])],
        }),
      ),
    );
  };
  const path = join(folder, 'branching.onnx');
  beforeAll(() => writeFileSync(path, branching()['model.onnx']));

  test('chooses a branch, and is no input of the module', async () => {
    for (const [rate, op] of [
      ['16000', 'Add'],
      ['8000', 'Mul'],
    ]) {
      const { out } = await espalier('inspect', path, '--json', '--fix', `rate=${rate}`);
      const found = JSON.parse(out);
      expect(found.inputs.map((p: { name: string }) => p.name)).toEqual(['x']);
      expect(found.layers.map((l: { op: string }) => l.op)).toEqual([op]);
    }
    const out = join(folder, 'fixed');
    const argv = ['compile', path, '-o', out, '--name', 'm', '--fix', 'rate=16000', '--verify', '--quiet'];
    expect(await espalier(...argv)).toMatchObject({ code: 0, err: '' });
    const { inputs: ports } = readMetadata(readFileSync(join(out, 'm.wasm')));
    expect(ports.map((p) => p.name)).toEqual(['x']);
  });

  test('is asked for where a branch depends on an input, and refused where it makes no sense', async () => {
    const open = await espalier('inspect', path);
    expect(open.code).toBe(3);
    expect(open.err).toContain('If');
    expect((await espalier('inspect', path, '--fix', 'nothing=1')).code).toBe(2);
    expect((await espalier('inspect', path, '--fix', 'rate=fast')).code).toBe(2);
    expect((await espalier('inspect', paths.get('tflite')!, '--fix', 'x=1')).code).toBe(2);
  });
});
