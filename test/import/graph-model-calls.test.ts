/** Functions of a GraphModel, called once, twice, and from each other; held against tfjs-converter on the same graph without calls, which it has no way to run. */
import { expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { floats, type GraphSpec, graphFiles, runGraph } from './graph-models.ts';
import { edited, type Files } from './models.ts';

const float = { T: { type: 'DT_FLOAT' } };
const arg = (name: string) => ({ name, type: 'DT_FLOAT' });
const call = (f: string) => ({
  f: { func: { name: f } },
  Tin: { list: { type: [] } },
  Tout: { list: { type: [] } },
});

/** (a, b) → (a · w + b, a · w), and twice(x) which calls it on its own results. */
const library = {
  function: [
    {
      signature: {
        name: 'affine',
        inputArg: [arg('a'), arg('b')],
        outputArg: [arg('sum'), arg('product')],
      },
      nodeDef: [
        { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
        { name: 'mul', op: 'Mul', input: ['a', 'w:output:0'], attr: float },
        { name: 'add', op: 'AddV2', input: ['mul:z:0', 'b'], attr: float },
      ],
      ret: { sum: 'add:z:0', product: 'mul:z:0' },
    },
    {
      signature: { name: 'twice', inputArg: [arg('x')], outputArg: [arg('y')] },
      nodeDef: [
        { name: 'one', op: 'PartitionedCall', input: ['x', 'x'], attr: call('affine') },
        { name: 'two', op: 'PartitionedCall', input: ['one:output:0', 'one:output:1'], attr: call('affine') },
      ],
      ret: { y: 'two:output:0' },
    },
  ],
};

const nodes = [
  { name: 'twice', op: 'StatefulPartitionedCall', input: ['x'], attr: call('twice') },
  { name: 'y', op: 'Relu', input: ['twice'], attr: float },
];

// biome-ignore lint/suspicious/noExplicitAny: edits any part of the JSON
function withCalls(change: (topology: any) => void = () => {}): Files {
  const plain = graphFiles({
    inputs: { x: { shape: [2, 3] } },
    nodes: [['y', 'Relu', ['x']]],
    weights: { w: floats(1, 3) },
  });
  return edited(plain, ({ modelTopology }) => {
    const rest = modelTopology.node.filter((n: { name: string }) => n.name === 'x');
    modelTopology.node = [...rest, ...structuredClone(nodes)];
    modelTopology.library = structuredClone(library);
    change(modelTopology);
  });
}

test('are put in place of their calls', async () => {
  const files = withCalls();
  const { graph } = await readModel(files);
  const spec: GraphSpec = {
    inputs: { x: { shape: [2, 3] } },
    nodes: [
      ['product1', 'Mul', ['x', 'w']],
      ['sum1', 'AddV2', ['product1', 'x']],
      ['product2', 'Mul', ['sum1', 'w']],
      ['sum2', 'AddV2', ['product2', 'product1']],
      ['y', 'Relu', ['sum2']],
    ],
    weights: { w: floats(1, 3) },
  };
  const { inputs, outputs } = runGraph(spec, graphFiles(spec));
  const ours = evaluateGraph(graph, inputs).out0;
  expect(Array.from(outputs[0].data).some((v) => v > 0)).toBe(true);
  outputs[0].data.forEach((v: number, i: number) => void expect(ours.data[i]).toBeCloseTo(v, 5));
  // The weight is there once, and it is known where it came from.
  const weights = [...graph.values.values()].filter((v) => v.origin);
  expect(weights.map((v) => v.origin!.weight)).toEqual(['w']);
});

// biome-ignore lint/suspicious/noExplicitAny: edits any part of the JSON
const hostile: [name: string, code: string, change: (topology: any) => void][] = [
  ['a function that is not there', 'E_GRAPH', (t) => void t.library.function.pop()],
  ['no library', 'E_GRAPH', (t) => void delete t.library],
  ['a call without a function', 'E_FORMAT', (t) => void delete t.node[1].attr.f],
  ['too few arguments', 'E_GRAPH', (t) => void (t.library.function[1].nodeDef[0].input = ['x'])],
  [
    'a result that the function has not',
    'E_GRAPH',
    (t) => void (t.library.function[1].nodeDef[1].input[0] = 'one:output:7'),
  ],
  ['a result without a node', 'E_FORMAT', (t) => void delete t.library.function[0].ret.sum],
  [
    'a function that calls itself',
    'E_GRAPH',
    (t) => {
      t.library.function[1].nodeDef[0].attr = call('twice');
      t.library.function[1].nodeDef[0].input = ['x'];
    },
  ],
  [
    'calls that multiply',
    'E_LIMIT',
    (t) => {
      const level = (i: number) => ({
        signature: { name: `f${i}`, inputArg: [arg('x')], outputArg: [arg('y')] },
        nodeDef: ['a', 'b', 'c'].map((name) => ({
          name,
          op: i < 29 ? 'PartitionedCall' : 'Relu',
          input: ['x'],
          attr: call(`f${i + 1}`),
        })),
        ret: { y: 'a:output:0' },
      });
      t.library.function = Array.from({ length: 30 }, (_, i) => level(i));
      t.node[1].attr = call('f0');
    },
  ],
  [
    'calls in a circle',
    'E_GRAPH',
    (t) => {
      const [, two] = t.library.function[1].nodeDef;
      t.library.function[1].nodeDef[0].input = ['two:output:0', 'x'];
      two.input = ['one:output:0', 'x'];
    },
  ],
];

test.each(hostile)('%s: %s', async (_name, code, change) => {
  await expect(readModel(withCalls(change))).rejects.toMatchObject({ code });
});
