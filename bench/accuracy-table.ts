/** The tables of the accuracy benchmark. */
import type { AccuracyRow, Case, Way } from './accuracy.ts';
import { type CostName, type CostRow, costGoals } from './accuracy-cost.ts';
import { share, standing, table } from './tables.ts';

const networks: Record<AccuracyRow['network'], string> = {
  'lenet-300-100': 'LeNet-300-100, digits',
  'lenet-5': 'LeNet-5 (20-50-500-10), digits',
  'resnet-8': 'ResNet-8, Fashion-MNIST',
  'mobilenet-v1-0.25': 'MobileNetV1-0.25, Fashion-MNIST',
  'resnet-8-cifar': 'ResNet-8, CIFAR-10',
};

const ways: Record<Way, string> = {
  magnitude: 'magnitude, no data',
  'one-shot': 'one-shot, 256 unlabelled',
  distilled: 'one-shot and distillation, the same 256',
  trained: 'labels and distillation, all training images',
};

/** Rows without runs stay as they stand in `before`, the section in the document. */
export function accuracyTable(rows: readonly AccuracyRow[], before: string): string {
  const parts = [...new Set(rows.map((r) => r.network))].flatMap((network) => {
    const own = rows.filter((r) => r.network === network);
    const old = standing(before, `### ${networks[network]}:`);
    const body = own.flatMap((r) => {
      const cells = r.runs.length > 0 ? measuredCells(r) : old.rows.find(isOf(r));
      return cells ? [cells] : [];
    });
    if (body.length === 0) return [];
    const run = own.flatMap((r) => r.runs).at(0);
    const heading = run
      ? `### ${networks[network]}: ${(100 - run.denseError).toFixed(2)} % right when dense`
      : old.heading;
    const head = ['way', 'zeros', 'points lost', 'goal', 'seeds', 's', 'measured'];
    return [heading, table(head, body)];
  });
  const intro =
    'Points of accuracy lost against the dense network, mean and reach over seeds, on images that training, pruning and calibration never saw: 2,000 digits (one is 0.05 points), 10,000 pictures of the other sets. Zeros are of the pruned layers: first convolutions and depthwise ones are left alone. One-shot rows see 256 images; calibration adds slight variations of them by itself, fewer of larger networks, and training varies its images by itself and, without labels, mixes them in pairs. A control is the dense network through the same steps.';
  return [intro, ...parts].join('\n\n');
}

const wayCell = ({ sparsity, way, granularity }: Case): string =>
  `${sparsity === 0 ? 'control: ' : ''}${ways[way]}${granularity === 'element' ? '' : `, ${granularity} blocks`}`;

/** Zeros as counted are those asked for, to a percent. */
const isOf =
  (c: Case) =>
  ([way, zeros]: readonly string[]): boolean =>
    way === wayCell(c) && zeros === share(c.sparsity);

const measuredCells = (r: AccuracyRow): string[] => [
  wayCell(r),
  share(r.runs[0].sparsity),
  points(r.runs.map((run) => run.lost)),
  r.goal === undefined ? '' : `≤ ${r.goal}`,
  `${r.runs.length}`,
  (r.runs.reduce((s, run) => s + run.seconds, 0) / r.runs.length).toFixed(0),
  r.runs
    .map((run) => run.date)
    .sort()
    .at(-1)!,
];

/** Mean of what was lost, and its reach over the seeds. */
export function points(lost: readonly number[]): string {
  const signed = (v: number) => `${v < -0.004 ? '−' : ''}${Math.abs(v).toFixed(2)}`;
  const mean = lost.reduce((a, b) => a + b, 0) / lost.length;
  const spread = lost.length > 1 ? ` [${signed(Math.min(...lost))}, ${signed(Math.max(...lost))}]` : '';
  return `${signed(mean)}${spread}`;
}

/** Networks that were not measured stay as they stand in `before`, the section in the document. */
export function costTable(rows: readonly CostRow[], before: string): string {
  const heading = '### Time and memory of one-shot pruning, 256 samples, each in a fresh process, one thread';
  const old = standing(before, heading);
  const body = (Object.keys(costGoals) as CostName[]).flatMap((network) => {
    const row = rows.find((r) => r.network === network);
    const cells = row ? costCells(row, costGoals[network]) : old.rows.find(([name]) => name === network);
    return cells ? [cells] : [];
  });
  if (body.length === 0) return '';
  const head = ['network', 'weights', 's', 'goal', 'CPU s', 'peak GB', 'goal', 'measured'];
  return [heading, table(head, body)].join('\n\n');
}

const costCells = (r: CostRow, goal: (typeof costGoals)[CostName]): string[] => [
  r.network,
  r.weights.toLocaleString('en'),
  r.seconds.toFixed(1),
  `≤ ${goal.seconds}`,
  r.cpuSeconds.toFixed(1),
  (r.rss / 1e9).toFixed(2),
  `≤ ${goal.rss / 1e9}`,
  r.date,
];
