/** Files that h5py wrote in the layouts of Keras 2 and 3 (`fixtures/keras.py`), against what numpy computes of the same weights. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { simplify } from '../../compiler/passes/index.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';

const file = (name: string) => new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
const { x, y } = JSON.parse(new TextDecoder().decode(file('keras.json'))) as { x: number[]; y: number[] };

test.each([
  ['keras2.h5', 'keras h5', 'Keras 2.15.0'],
  ['keras3.keras', 'keras', 'Keras 3.5.0'],
])('%s', async (name, format, producer) => {
  const model = await readModel({ [name]: file(name) });
  expect(model).toMatchObject({ format, producer });
  const graph = simplify(model.graph);
  expect(graph.inputs.map((p) => p.name)).toEqual(['x']);
  const [found] = Object.values(evaluateGraph(graph, { x: tensor('float32', [1, 5, 5, 2], x) }));
  expect(found.shape).toEqual([1, 3]);
  y.forEach((v, i) => void expect(Math.abs(found.data[i] - v)).toBeLessThan(2e-6));
});
