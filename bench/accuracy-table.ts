/** The tables of the accuracy benchmark. */
import type { AccuracyRow, Way } from './accuracy.ts';
import { type CostName, type CostRow, costGoals } from './accuracy-cost.ts';
import { share, table } from './tables.ts';

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

export function accuracyTable(rows: readonly AccuracyRow[]): string {
  const parts = [...new Set(rows.map((r) => r.network))].map((network) => {
    const own = rows.filter((r) => r.network === network);
    const body = own.map((r) => [
      `${r.sparsity === 0 ? 'control: ' : ''}${ways[r.way]}${r.granularity === 'element' ? '' : `, ${r.granularity} blocks`}`,
      share(r.runs[0].sparsity),
      points(r.runs.map((run) => run.lost)),
      r.goal === undefined ? '' : `≤ ${r.goal}`,
      `${r.runs.length}`,
      (r.runs.reduce((s, run) => s + run.seconds, 0) / r.runs.length).toFixed(0),
    ]);
    return [
      `### ${networks[network]}: ${(100 - own[0].runs[0].denseError).toFixed(2)} % right when dense`,
      table(['way', 'zeros', 'points lost', 'goal', 'seeds', 's'], body),
    ].join('\n\n');
  });
  const intro =
    'Points of accuracy lost against the dense network, mean and reach over seeds, on images that training, pruning and calibration never saw: 2,000 digits (one is 0.05 points), 10,000 pictures of the other sets. Zeros are of the pruned layers: first convolutions and depthwise ones are left alone. One-shot rows see 256 images; calibration adds slight variations of them by itself, fewer of larger networks, and training varies its images by itself and, without labels, mixes them in pairs. A control is the dense network through the same steps.';
  return [intro, ...parts].join('\n\n');
}

/** Mean of what was lost, and its reach over the seeds. */
export function points(lost: readonly number[]): string {
  const signed = (v: number) => `${v < -0.004 ? '−' : ''}${Math.abs(v).toFixed(2)}`;
  const mean = lost.reduce((a, b) => a + b, 0) / lost.length;
  const spread = lost.length > 1 ? ` [${signed(Math.min(...lost))}, ${signed(Math.max(...lost))}]` : '';
  return `${signed(mean)}${spread}`;
}

export function costTable(rows: readonly CostRow[]): string {
  const body = rows.map((r) => {
    const goal = costGoals[r.network as CostName];
    return [
      r.network,
      r.weights.toLocaleString('en'),
      r.seconds.toFixed(1),
      `≤ ${goal.seconds}`,
      r.cpuSeconds.toFixed(1),
      (r.rss / 1e9).toFixed(2),
      `≤ ${goal.rss / 1e9}`,
    ];
  });
  return [
    '### Time and memory of one-shot pruning, 256 samples, each in a fresh process, one thread',
    table(['network', 'weights', 's', 'goal', 'CPU s', 'peak GB', 'goal'], body),
  ].join('\n\n');
}
