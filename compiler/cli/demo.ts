import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Labelled, Split } from '../../examples/data/labelled.ts';
import type { BenchReport } from '../bench/types.ts';
import { missingPeer } from '../errors.ts';
import type { Model } from '../model.ts';
import type { Sample } from '../samples.ts';
import { writePage } from './bench.ts';
import { type CommandSpec, type Context, checkFailed, option } from './command.ts';
import { reportText } from './prune.ts';
import * as format from './ui/format.ts';
import { verificationText } from './verify.ts';

/** The networks of `examples/lenet/models`, and how far each is pruned. */
const networks = [
  { name: 'lenet-300-100', sparsity: 0.9, epochs: 8 },
  { name: 'lenet-5', sparsity: 0.92, epochs: 2 },
] as const;

interface Outcome {
  readonly name: string;
  readonly zeros: number;
  readonly dense: number;
  /** Without training. */
  readonly oneShot: number;
  readonly pruned: number;
  readonly report: BenchReport;
}

export const demo: CommandSpec = {
  name: 'demo',
  summary:
    'Prunes, repairs, compiles, verifies and times two LeNets on handwritten digits (in a clone of the project).',
  options: [option('-o, --out <folder>', 'where modules and pages go').default('.espalier/demo')],
  examples: ['demo', 'demo -o /tmp/demo'],
  async action(context: Context, _: readonly string[], { out }: { out: string }) {
    const digits = await loadDigits();
    const outcomes: Outcome[] = [];
    for (const network of networks) {
      const outcome = await tryOut(context, network, digits, out);
      if (!outcome) return checkFailed;
      outcomes.push(outcome);
    }
    context.result({ out, outcomes }, await summary(outcomes, out));
    return 0;
  },
};

async function loadDigits(): Promise<Split> {
  try {
    createRequire(import.meta.url).resolve('mnist/src/digits/0.json');
  } catch {
    throw missingPeer('mnist', 'the demo is for a clone of the project; it');
  }
  return (await import('../../examples/data/digits.ts')).loadDigits();
}

async function tryOut(
  context: Context,
  { name, sparsity, epochs }: (typeof networks)[number],
  digits: Split,
  out: string,
): Promise<Outcome | undefined> {
  const [{ bench, compile, load, prune, verify }, { packageRoot }] = await Promise.all([
    import('../index.ts'),
    import('../package-root.ts'),
  ]);
  const { progress } = context;
  const { seed, dryRun } = context.options;
  context.say(`\n${name}`);
  const model = await load(join(packageRoot(), 'examples/lenet/models', name), { progress });
  const [train, test] = [digits.train, digits.test].map((part) => samplesOf(model, part));

  const pruned = await prune(model, {
    sparsity,
    data: train,
    evaluation: test,
    finetune: { epochs },
    seed,
    progress,
  });
  context.say(await reportText(pruned.pruning!.report!));

  const { files, wasm, metadata } = await compile(pruned, { name, progress });
  const verification = await verify(pruned, wasm, {
    samples: test.samples.slice(0, 200),
    random: 100,
    seed,
    progress,
  });
  context.say(verificationText(verification));
  if (!verification.ok) return undefined;

  const report = await bench(pruned, { ...test, coldRounds: 5, profile: true, seed, progress });
  const { terminalTable } = await import('../bench/tables.ts');
  context.say(terminalTable(report));
  if (!dryRun) {
    const { writeOutput } = await import('../output.ts');
    writeOutput(join(out, name), files, { source: metadata.source, options: metadata.options });
  }
  await writePage(context, report, join(out, `${name}.html`));
  const accuracy = (kind: string) => report.variants.find((v) => v.kind === kind)!.accuracy!.top1;
  return {
    name,
    zeros: pruned.pruning!.report!.sparsity.pruned,
    dense: accuracy('reference'),
    oneShot: pruned.pruning!.report!.untrained!.accuracy!,
    pruned: accuracy('sparse'),
    report,
  };
}

interface Test {
  readonly samples: readonly Sample[];
  readonly labels: Int32Array;
}

function samplesOf({ graph }: Model, { x, y }: Labelled): Test {
  const [port] = graph.inputs;
  const { dtype, shape } = graph.values.get(port.value)!;
  const size = x.length / y.length;
  const samples = Array.from(y, (_, i) => ({
    [port.name]: { dtype, shape, data: x.subarray(i * size, (i + 1) * size) },
  }));
  return { samples, labels: y };
}

async function summary(outcomes: readonly Outcome[], out: string): Promise<string> {
  const { table } = await import('./ui/table.ts');
  const rows = outcomes.map(({ name, zeros, dense, oneShot, pruned, report }) => {
    const of = (kind: string) => report.variants.find((v) => v.kind === kind)!;
    const [original, sparse] = [of('reference'), of('sparse')];
    return [
      name,
      format.percent(zeros),
      format.percent(dense, 2),
      format.percent(oneShot, 2),
      format.percent(pruned, 2),
      format.duration(sparse.latency!.median),
      format.ratio(sparse.latency!.speedup!.value),
      format.bytes(sparse.size!.brotli),
      format.bytes(original.size!.brotli),
    ];
  });
  const head = ['', 'zeros', 'dense', 'untrained', 'pruned', 'time', 'against tfjs', 'shipped', 'tfjs ships'];
  const pages = outcomes.map(({ name }) => `  ${join(out, `${name}.html`)}`).join('\n');
  return `\n${table(head, rows)}\n\nAccuracy on 2,000 digits that nothing else has seen; sizes with brotli. Pages with plots:\n${pages}`;
}
