/** The committed example networks: what we read is what tfjs predicts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { parsed, predict, tf } from './models.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const folders = ['lenet', 'fashion'].flatMap((set) =>
  readdirSync(join(examples, set, 'models'), { withFileTypes: true })
    .filter((d) => d.isDirectory())
    .map((d) => join(set, 'models', d.name)),
);

test.each(folders)('%s', async (folder) => {
  const dir = join(examples, folder);
  const { modelTopology, weightsManifest } = parsed(readFileSync(join(dir, 'model.json')));
  const weightSpecs = weightsManifest.flatMap((g: { weights: unknown[] }) => g.weights);
  const shards = weightsManifest.flatMap((g: { paths: string[] }) =>
    g.paths.map((p) => readFileSync(join(dir, p))),
  );
  const weightData = new Uint8Array(Buffer.concat(shards)).buffer;
  const model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  const want = predict(model);
  const { graph } = await readModel(dir);
  const y = evaluateGraph(graph, want.inputs)[graph.outputs[0].name];
  y.data.forEach((v, i) => void expect(Math.abs(v - want.outputs[0].data[i])).toBeLessThan(1e-5));
});
