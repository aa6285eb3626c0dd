/** Layers with states in tfjs: every run of the reference begins anew, as runs of `verify` do. */
import { expect, test } from 'vitest';
import { compile, load, verify } from '../../compiler/index.ts';
import { referenceOf } from '../../compiler/reference/index.ts';
import { randomSamples } from '../../compiler/samples.ts';
import { save, seedWeights, tf } from '../import/models.ts';

test('stateful layers', async () => {
  const net = tf.sequential({
    layers: [tf.layers.lstm({ units: 4, stateful: true, batchInputShape: [1, 3, 5], name: 'memory' })],
  });
  seedWeights(net);
  const model = await load(await save(net));
  const reference = await referenceOf(model.source, { backend: 'cpu' });
  const [x] = randomSamples([{ name: model.graph.inputs[0].name, dtype: 'float32', shape: [1, 3, 5] }], 1, 1);
  const [first, second] = [await reference.run(x), await reference.run(x)];
  expect(second).toEqual(first);
  reference.dispose();
  const { wasm } = await compile(model);
  expect(await verify(model, wasm, { random: 5, backend: 'cpu' })).toMatchObject({ ok: true });
});
