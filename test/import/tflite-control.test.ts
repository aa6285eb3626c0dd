/** Branches and loops of TFLite that constants decide; `test/conformance/tflite` runs the same files in TFLite. */
import { describe, expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { branching, counting } from './tflite-control.ts';
import { bytesOf, type LiteSpec, liteFile } from './tflite-models.ts';

const x = tensor('float32', [1, 3], [1, -2, 3]);

async function run(spec: LiteSpec) {
  const { graph } = await readModel({ 'model.tflite': liteFile(spec) });
  return Array.from(Object.values(evaluateGraph(graph, { x }))[0].data);
}

const refused = (spec: LiteSpec) => readModel({ 'model.tflite': liteFile(spec) });

describe('branches', () => {
  test.each([
    [true, [2, -4, 6]],
    [false, [0, -3, 2]],
  ])('the condition is %s', async (condition, expected) => {
    expect(await run(branching(condition))).toEqual(expected);
  });

  test('a condition that is computed at run time', async () => {
    await expect(refused(branching(undefined))).rejects.toMatchObject({ code: 'E_UNSUPPORTED' });
  });

  test('a graph that isn’t there', async () => {
    const { more: _, ...rest } = branching(true);
    await expect(refused(rest)).rejects.toMatchObject({ code: 'E_GRAPH' });
  });

  test('what is unsupported in the branch that is taken', async () => {
    const spec = branching(true);
    const [then, other] = spec.more!;
    const odd = { ...then, operators: [{ ...then.operators[0], op: 'WHERE' }] };
    await expect(refused({ ...spec, more: [odd, other] })).rejects.toThrow('WHERE');
    expect(await run({ ...branching(false), more: [odd, other] })).toEqual([0, -3, 2]);
  });
});

describe('loops', () => {
  test.each([0, 1, 5])('of %s rounds', async (rounds) => {
    expect(await run(counting(rounds))).toEqual([1, -2, 3].map((v) => v * 2 ** rounds));
  });

  test('that never end', async () => {
    await expect(refused(counting(2 ** 30))).rejects.toThrow('more than 1000 rounds');
  });

  test('that contain themselves', async () => {
    const spec = counting(1);
    const [condition, body] = spec.more!;
    const again = {
      ...spec.operators[0],
      inputs: [0, 1],
      outputs: [body.tensors.length, body.tensors.length + 1],
    };
    const tensors = [...body.tensors, body.tensors[0], body.tensors[1]];
    const own = { ...body, tensors, operators: [again] };
    await expect(refused({ ...spec, more: [condition, own] })).rejects.toMatchObject({ code: 'E_GRAPH' });
  });

  test('with states', async () => {
    const spec = counting(1);
    const [condition, body] = spec.more!;
    const stateful = { ...body, tensors: [...body.tensors, { shape: [1, 3], variable: true }] };
    await expect(refused({ ...spec, more: [condition, stateful] })).rejects.toThrow('states');
  });

  test('whose values don’t fit the graph', async () => {
    const spec = counting(1);
    const [condition, body] = spec.more!;
    await expect(refused({ ...spec, more: [{ ...condition, inputs: [0] }, body] })).rejects.toMatchObject({
      code: 'E_GRAPH',
    });
  });
});

test('branches that multiply end at the limit of operators', async () => {
  const yes = { shape: [1], type: 'bool' as const, data: bytesOf(Uint8Array.of(1)) };
  const image = { shape: [1, 3] };
  const level = (next: number) => ({
    tensors: [image, yes, image, image, image],
    operators: [2, 3, 4].map((out) => ({
      op: 'IF',
      inputs: [1, 0],
      outputs: [out],
      options: [
        [0, next, 'int'],
        [1, next, 'int'],
      ] as const,
    })),
    inputs: [0],
    outputs: [2],
  });
  const leaf = {
    tensors: [image, image],
    operators: [{ op: 'ABS', inputs: [0], outputs: [1] }],
    inputs: [0],
    outputs: [1],
  };
  const levels = Array.from({ length: 20 }, (_, i) => level(i + 2));
  const spec = {
    ...level(1),
    tensors: [{ ...image, name: 'x' }, ...level(1).tensors.slice(1)],
    more: [...levels, leaf],
  };
  await expect(refused(spec)).rejects.toMatchObject({ code: 'E_LIMIT' });
});
