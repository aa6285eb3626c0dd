/** What the training scripts share: train, score, save, and tell. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs';
import type { Tf } from '../compiler/prune/train/backend.ts';
import { evaluate } from '../compiler/prune/train/evaluate.ts';
import { type TrainOptions, train } from '../compiler/prune/train/loop.ts';
import type { Split } from './data/labelled.ts';
import { logitsOf } from './lenet/networks.ts';
import { saveModel } from './zoo/files.ts';
import { seedWeights, variablesOf } from './zoo/weights.ts';

export interface Trained {
  readonly name: string;
  readonly parameters: number;
  readonly accuracy: Record<'train' | 'validation' | 'test', number>;
}

export type Recipe = Pick<
  TrainOptions,
  'epochs' | 'batch' | 'lr' | 'optimizer' | 'weightDecay' | 'augment' | 'validateEvery'
>;

/** Trains a model with layers `logits` and softmax from seeded weights and writes it to `folder/name`. */
export async function trainClassifier(
  tf: Tf,
  name: string,
  model: LayersModel,
  split: Split,
  recipe: Recipe,
  folder: string,
): Promise<Trained> {
  const started = performance.now();
  seedWeights(tf, model, 1);
  resetNorms(tf, model);
  const forward = logitsOf(tf, model);
  const result = await train({
    ...recipe,
    tf,
    forward,
    variables: variablesOf(model),
    data: split.train,
    validation: split.validation,
    loss: 'ce',
    seed: 1,
    onStep({ step, steps, loss, validation }) {
      if (!validation) return;
      const seconds = Math.round((performance.now() - started) / 1000);
      const found = `validation ${percent(validation.accuracy!)}`;
      console.log(`${name}  step ${step}/${steps}  loss ${loss.toFixed(4)}  ${found}  ${seconds} s`);
    },
  });
  const score = (part: keyof Split) => evaluate(tf, forward, split[part], 'ce').accuracy!;
  const accuracy = { train: score('train'), validation: score('validation'), test: score('test') };
  const scores = Object.entries(accuracy).map(([part, share]) => `${part} ${percent(share)}`);
  console.log(`${name}  best at step ${result.best!.step}  ${scores.join('  ')}`);
  await saveModel(tf, model, join(folder, name));
  return { name, parameters: model.countParams(), accuracy };
}

/** Training wants norms that change nothing at first. */
function resetNorms(tf: Tf, model: LayersModel): void {
  for (const v of model.weights) {
    if (/gamma|moving_variance/.test(v.name)) v.write(tf.ones(v.shape as number[]));
    else if (/beta|moving_mean|bias/.test(v.name)) v.write(tf.zeros(v.shape as number[]));
  }
}

/** Keeps the accuracies beside the models. */
export function writeReadme(folder: string, intro: string, trained: readonly Trained[]): void {
  const rows = [
    ['Network', 'parameters', 'training', 'validation', 'test'],
    ...trained.map(({ name, parameters, accuracy }) => [
      name,
      parameters.toLocaleString('en'),
      ...Object.values(accuracy).map(percent),
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const line = (row: string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const table = [rows[0]!, rule, ...rows.slice(1)].map(line);
  writeFileSync(join(folder, 'README.md'), `${intro}\n\n${table.join('\n')}\n`);
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
