/** What the ONNX reader makes of the bytes: types, external data, open shapes, branches, order; and PyTorch's idioms. */
import { create } from '@bufbuild/protobuf';
import { type ModelProto, SparseTensorProtoSchema, type TensorProto, TensorProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { UnsupportedError } from '../../compiler/errors.ts';
import { ModelFiles, readModel } from '../../compiler/import/index.ts';
import type { Shape, Tensor } from '../../compiler/ir/tensor.ts';
import { simplify } from '../../compiler/passes/index.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { big, external, files, floats, graph, ints, model, node, port } from './onnx-models.ts';

const float = (shape: Shape, list: readonly number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(list),
});

async function run(m: ModelProto, inputs: Record<string, Tensor>) {
  const { graph } = await readModel(files(m));
  return evaluateGraph(graph, inputs);
}

const sum = (t: TensorProto) =>
  model(graph({ nodes: [node('Add', ['x', t.name], ['y'])], inputs: [port('x', [3])], initializers: [t] }));
const zeros = float([3], [0, 0, 0]);

describe('element types', () => {
  const typed = (dataType: number, rest: object) =>
    create(TensorProtoSchema, { name: 'w', dims: big([3]), dataType, ...rest });
  const raw = (a: { buffer: ArrayBufferLike }) => ({ rawData: new Uint8Array(a.buffer as ArrayBuffer) });
  test.each([
    ['float', typed(1, { floatData: [1, -2, 0.5] })],
    ['raw float', typed(1, raw(Float32Array.of(1, -2, 0.5)))],
    ['float16', typed(10, raw(Uint16Array.of(0x3c00, 0xc000, 0x3800)))],
    ['float16 as int32', typed(10, { int32Data: [0x3c00, 0xc000, 0x3800] })],
    ['bfloat16', typed(16, raw(Uint16Array.of(0x3f80, 0xc000, 0x3f00)))],
    ['double', typed(11, { doubleData: [1, -2, 0.5] })],
  ])('%s', async (_, t) => {
    expect([...(await run(sum(t), { x: zeros })).y.data]).toEqual([1, -2, 0.5]);
  });

  test.each([
    ['int64', 7, { int64Data: [1n, -2n, 3n] }],
    ['raw int64', 7, raw(BigInt64Array.of(1n, -2n, 3n))],
    ['int16', 5, raw(Int16Array.of(1, -2, 3))],
    ['int8', 3, raw(Int8Array.of(1, -2, 3))],
  ])('%s', async (_, type, rest) => {
    const nodes = [node('Cast', ['w'], ['f'], { to: 1 }), node('Add', ['x', 'f'], ['y'])];
    const m = model(graph({ nodes, inputs: [port('x', [3])], initializers: [typed(type, rest)] }));
    expect([...(await run(m, { x: zeros })).y.data]).toEqual([1, -2, 3]);
  });

  test('an int64 that means "to the end" is cut', async () => {
    const initializers = [ints('s', [1]), ints('e', [2n ** 63n - 1n]), ints('a', [0])];
    const m = model(
      graph({ nodes: [node('Slice', ['x', 's', 'e', 'a'], ['y'])], inputs: [port('x', [3])], initializers }),
    );
    expect([...(await run(m, { x: float([3], [1, 2, 3]) })).y.data]).toEqual([2, 3]);
  });

  test('sparse initializers, in both layouts of indices', async () => {
    for (const [indices, dims] of [
      [
        [0, 0, 1, 2],
        [2, 2],
      ],
      [[0, 5], [2]],
    ]) {
      const g = graph({ nodes: [node('Add', ['x', 'w'], ['y'])], inputs: [port('x', [2, 3])] });
      g.sparseInitializer = [
        create(SparseTensorProtoSchema, {
          dims: big([2, 3]),
          values: floats('w', [2], [4, 5]),
          indices: ints('', indices, dims),
        }),
      ];
      const { y } = await run(model(g), { x: float([2, 3], [1, 1, 1, 1, 1, 1]) });
      expect([...y.data]).toEqual([5, 1, 1, 1, 1, 6]);
    }
  });
});

test('external data lies beside the model', async () => {
  const t = external('w', 3, { location: 'w.bin', offset: '4', length: '12' });
  const bytes = new Uint8Array(Float32Array.of(9, 1, 2, 3, 9).buffer);
  const source = ModelFiles.fromMemory({ ...files(sum(t)), 'w.bin': bytes }, 'model.onnx');
  const { files: used, graph: g } = await readModel(source);
  expect([...evaluateGraph(g, { x: zeros }).y.data]).toEqual([1, 2, 3]);
  expect(used.map((f) => f.path)).toEqual(['model.onnx', 'w.bin']);
});

describe('open shapes', () => {
  const open = model(
    graph({
      nodes: [node('Add', ['x', 'z'], ['y'])],
      inputs: [port('x', ['n', 't']), port('z', ['n', 't'])],
    }),
  );
  test('an open batch is 1, other dimensions must be given', async () => {
    await expect(readModel(files(open))).rejects.toMatchObject({ code: 'E_SHAPE' });
  });
  test('a symbol has one value', async () => {
    const { graph: g } = await readModel(files(open), { shapes: { x: [2, 5] } });
    expect(g.inputs.map((p) => g.values.get(p.value)!.shape)).toEqual([
      [2, 5],
      [2, 5],
    ]);
  });
  test('a given shape must fit', async () => {
    const fixed = model(graph({ nodes: [node('Relu', ['x'], ['y'])], inputs: [port('x', ['n', 3])] }));
    await expect(readModel(files(fixed), { shapes: { x: [1, 4] } })).rejects.toMatchObject({
      code: 'E_USAGE',
    });
    const { graph: g } = await readModel(files(fixed));
    expect(g.values.get(g.inputs[0].value)!.shape).toEqual([1, 3]);
  });
});

test('an input with an initializer is that constant', async () => {
  const m = sum(floats('w', [3], [1, 2, 3]));
  m.graph!.input.push(port('w', [3]));
  const { graph: g } = await readModel(files(m));
  expect(g.inputs.map((p) => p.name)).toEqual(['x']);
});

test('nodes may come in any order', async () => {
  const nodes = [node('Add', ['a', 'x'], ['y']), node('Relu', ['x'], ['a'])];
  const m = model(graph({ nodes, inputs: [port('x', [3])] }));
  expect([...(await run(m, { x: float([3], [-1, 0, 2]) })).y.data]).toEqual([-1, 0, 4]);
});

describe('If', () => {
  const branch = (op: string) => ({ g: graph({ nodes: [node(op, ['x'], ['r'])], outputs: ['r'] }) });
  const chosen = (condition: TensorProto[], nodes = [] as ReturnType<typeof node>[]) =>
    model(
      graph({
        nodes: [
          ...nodes,
          node('If', ['c'], ['y'], { then_branch: branch('Neg'), else_branch: branch('NonMaxSuppression') }),
        ],
        inputs: [port('x', [3])],
        initializers: condition,
      }),
    );
  const bool = (v: number) =>
    create(TensorProtoSchema, { name: 'c', dims: [], dataType: 9, rawData: Uint8Array.of(v) });

  test('takes the branch of a constant condition; the other may hold anything', async () => {
    expect([...(await run(chosen([bool(1)]), { x: float([3], [1, 2, 3]) })).y.data]).toEqual([-1, -2, -3]);
    await expect(readModel(files(chosen([bool(0)])))).rejects.toThrow(/NonMaxSuppression/);
  });

  test('a condition on the shape is constant', async () => {
    const nodes = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'i'], ['d'], { axis: 0 }),
      node('Equal', ['d', 'three'], ['c']),
    ];
    const m = chosen([ints('i', [0], []), ints('three', [3], [])], nodes);
    expect([...(await run(m, { x: float([3], [1, 2, 3]) })).y.data]).toEqual([-1, -2, -3]);
  });

  test('an input that is fixed chooses the branch', async () => {
    const m = chosen([]);
    m.graph!.input.push(port('c', [], 9));
    const { graph: g } = await readModel(files(m), { fixed: { c: 1 } });
    expect(g.inputs.map((p) => p.name)).toEqual(['x']);
    expect(g.nodes.map((n) => n.kind)).toEqual(['neg']);
    await expect(readModel(files(m), { fixed: { d: 1 } })).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  test('a condition computed at run time is not supported', async () => {
    const m = chosen(
      [],
      [node('ReduceMax', ['x'], ['m'], { keepdims: 0 }), node('Cast', ['m'], ['c'], { to: 9 })],
    );
    await expect(readModel(files(m))).rejects.toBeInstanceOf(UnsupportedError);
  });
});

test('everything unsupported is listed at once, before weights are read', async () => {
  const nodes = [node('NonZero', ['x'], ['a']), node('Unique', ['a'], ['b']), node('Relu', ['b'], ['y'])];
  const m = model(graph({ nodes, inputs: [port('x', [3])], initializers: [floats('w', [100], [1])] }));
  const error = await readModel(files(m)).catch((e) => e);
  expect(error).toBeInstanceOf(UnsupportedError);
  expect((error as UnsupportedError).items.map((i) => i.place.node)).toEqual(['NonZero_a', 'Unique_b']);
});

test('Shape → Gather → Concat → Reshape folds to one reshape', async () => {
  const nodes = [
    node('Shape', ['x'], ['s']),
    node('Gather', ['s', 'i'], ['n']),
    node('Unsqueeze', ['n', 'zero'], ['n1']),
    node('Concat', ['n1', 'rest'], ['shape'], { axis: 0 }),
    node('Reshape', ['x', 'shape'], ['y']),
  ];
  const initializers = [ints('i', [0], []), ints('zero', [0]), ints('rest', [-1])];
  const m = model(graph({ nodes, inputs: [port('x', [2, 3, 4])], initializers }));
  const { graph: g } = await readModel(files(m));
  expect(g.nodes.map((n) => n.kind)).toEqual(['reshape']);
  expect(g.values.get(g.outputs[0].value)!.shape).toEqual([2, 12]);
});

test('Gemm with a constant matrix and a bias is one dense layer, as PyTorch writes it', async () => {
  const initializers = [floats('w', [2, 3], [1, 2, 3, 4, 5, 6]), floats('b', [2], [10, 20])];
  const m = model(
    graph({
      nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], { transB: 1 })],
      inputs: [port('x', ['n', 3])],
      initializers,
    }),
  );
  const { graph: g } = await readModel(files(m));
  expect(g.nodes.map((n) => n.kind)).toEqual(['dense']);
  expect(g.values.get(g.nodes[0].inputs[1]!)!.origin).toEqual({ weight: 'w' });
  expect([...evaluateGraph(g, { x: float([1, 3], [1, 1, 1]) }).y.data]).toEqual([16, 35]);
});

test('batch normalization folds into the convolution', async () => {
  const nodes = [
    node('Conv', ['x', 'w'], ['c'], { kernel_shape: [1, 1] }),
    node('BatchNormalization', ['c', 'gamma', 'beta', 'mean', 'var'], ['y'], { epsilon: { float: 0 } }),
  ];
  const initializers = [
    floats('w', [2, 1, 1, 1], [1, 2]),
    floats('gamma', [2], [2, 3]),
    floats('beta', [2], [1, -1]),
    floats('mean', [2], [0.5, 1]),
    floats('var', [2], [4, 9]),
  ];
  const m = model(graph({ nodes, inputs: [port('x', [1, 1, 1, 2])], initializers }));
  const { graph: g } = await readModel(files(m));
  const small = simplify(g);
  expect(small.nodes.map((n) => n.kind)).toEqual(['conv']);
  const { y } = evaluateGraph(small, { x: float([1, 1, 1, 2], [1, 3]) });
  // (w·x − mean) / √var · gamma + beta
  expect([...y.data]).toEqual([1.5, 3.5, 0, 4].map((v) => expect.closeTo(v, 5)));
});

test('einsum of attention is a batched product', async () => {
  const m = model(
    graph({
      nodes: [node('Einsum', ['q', 'k'], ['y'], { equation: 'bqhd,bkhd->bhqk' })],
      inputs: [port('q', [1, 2, 1, 2]), port('k', [1, 3, 1, 2])],
    }),
  );
  const q = float([1, 2, 1, 2], [1, 2, 3, 4]);
  const k = float([1, 3, 1, 2], [1, 0, 0, 1, 1, 1]);
  const { y } = await run(m, { q, k });
  expect(y.shape).toEqual([1, 1, 2, 3]);
  expect([...y.data]).toEqual([1, 2, 3, 3, 4, 7]);
});
