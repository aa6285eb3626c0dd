import type { NodeFacts } from '../describe.ts';
import { portsOf } from '../ir/graph.ts';
import type { Model } from '../model.ts';
import type { Prediction } from '../predict.ts';
import { type CommandSpec, type Context, option } from './command.ts';
import { type ModelOptions, modelOptions, openModel } from './inputs.ts';
import * as format from './ui/format.ts';

interface InspectFlags extends ModelOptions {
  readonly predict: boolean;
}

const levels = [0.5, 0.8, 0.9, 0.95];

export const inspect: CommandSpec = {
  name: 'inspect',
  summary: 'Shows the layers of a model, what they cost, and whether pruning will pay.',
  args: [['<model>', 'model.json or its folder, .onnx, .tflite, .h5 or .keras']],
  options: [option('--no-predict', 'leave out the prediction'), ...modelOptions()],
  examples: [
    'inspect model.json',
    'inspect model.onnx --shape images=1,3,320,320 --json',
    'inspect vad.onnx --shape input=1,512 --fix sr=16000',
  ],
  async action(context: Context, [path]: readonly string[], options: InspectFlags) {
    const model = await openModel(context, path, options);
    const { channelLines, describe } = await import('../describe.ts');
    const nodes = describe(model.graph);
    const predictions = options.predict
      ? (await import('../predict.ts')).predictPruning(model.graph, levels, { seed: context.options.seed })
      : [];
    const { removeDeadChannels } = await import('../passes/index.ts');
    const { graph: _, ...channels } = removeDeadChannels(model.graph);
    const facts = factsOf(model);
    const { copiesOf, copyLine } = await import('../copies.ts');
    const copies = copiesOf(model.graph);
    const lines = [...channelLines(channels), copyLine(copies, format.bytes)]
      .map(format.printable)
      .join('\n');
    const text = context.options.json
      ? ''
      : [await page(facts, nodes, predictions), lines].join('\n\n').trimEnd();
    context.result({ ...facts, layers: nodes, channels, copies, predictions }, text);
    return 0;
  },
};

function factsOf({ name, graph, source }: Model) {
  const { format, producer, hash } = source;
  const [inputs, outputs] = [portsOf(graph, graph.inputs), portsOf(graph, graph.outputs)];
  return { name, format, producer, hash, inputs, outputs };
}

async function page(
  facts: ReturnType<typeof factsOf>,
  nodes: readonly NodeFacts[],
  predictions: readonly Prediction[],
): Promise<string> {
  const { table } = await import('./ui/table.ts');
  const ports = (list: typeof facts.inputs) =>
    list.map((p) => `${format.printable(p.name)} ${format.shape(p.shape)} ${p.dtype}`).join(', ');
  const sum = (of: (n: NodeFacts) => number) => nodes.reduce((n, node) => n + of(node), 0);
  const cells = (
    name: string,
    op: string,
    shape: string,
    n: Pick<NodeFacts, 'params' | 'zeros' | 'macs'>,
  ) => [
    name,
    op,
    shape,
    n.params === 0 ? '' : format.count(n.params),
    n.params === 0 ? '' : format.percent(n.zeros / n.params),
    n.macs === 0 ? '' : format.quantity(n.macs),
  ];
  const total = { params: sum((n) => n.params), zeros: sum((n) => n.zeros), macs: sum((n) => n.macs) };
  const parts = [
    `${format.printable(facts.name)}: ${facts.format}, ${ports(facts.inputs)} → ${ports(facts.outputs)}`,
    table(
      ['layer', 'operator', 'output', 'weights', 'zeros', 'MACs'],
      [...nodes.map((n) => cells(n.name, n.op, format.shape(n.output), n)), cells('all', '', '', total)],
      [0, 1, 2],
    ),
  ];
  if (predictions.length > 0) parts.push(await prediction(predictions));
  return parts.join('\n\n');
}

async function prediction([dense, ...pruned]: readonly Prediction[]): Promise<string> {
  const { table } = await import('./ui/table.ts');
  const row = (title: string, p: Prediction) => [
    title,
    format.duration(p.ns / 1e6),
    format.ratio(dense.ns / p.ns),
    format.bytes(p.bytes),
    format.percent(p.bytes / dense.bytes, 0),
  ];
  const rows = [row('dense', dense), ...pruned.map((p) => row(format.percent(p.sparsity, 0), p))];
  return `Will pruning pay? Layers with weights, predicted for random masks:\n\n${table(
    ['zeros', 'time', 'speedup', 'weights', 'of dense'],
    rows,
  )}`;
}
