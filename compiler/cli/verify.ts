import { readFileSync } from 'node:fs';
import { ioFailed } from '../errors.ts';
import type { Comparison, Verification } from '../verify.ts';
import { type CommandSpec, type Context, checkFailed, option } from './command.ts';
import {
  backendOption,
  dataForms,
  type ImageFlags,
  imageOptions,
  type ModelOptions,
  modelOptions,
  openModel,
  openSource,
  sampleSource,
} from './inputs.ts';
import { positive, whole } from './parse.ts';
import * as format from './ui/format.ts';

interface VerifyFlags extends ModelOptions, ImageFlags {
  readonly data?: string;
  readonly random?: number;
  readonly maxError?: number;
  readonly backend?: 'wasm' | 'cpu' | 'node';
}

export const verify: CommandSpec = {
  name: 'verify',
  summary: 'Runs a module against the model it came from and against the dense build of the same weights.',
  args: [
    ['<model>', 'model.json or its folder, .onnx, .tflite, .h5 or .keras'],
    ['[wasm]', 'the module (default: the model is compiled)'],
  ],
  options: [
    option('--data <path>', `inputs: ${dataForms}`),
    ...imageOptions(),
    option('--random <n>', 'random inputs beside them (default: by the size of the model)').argParser(whole),
    option('--max-error <x>', 'largest error against the source, relative to its largest output').argParser(
      positive,
    ),
    backendOption(),
    ...modelOptions(),
  ],
  examples: [
    'verify model.json dist/model.wasm',
    'verify model.json dist/model.wasm --data x.npy --max-error 0.05',
  ],
  async action(context: Context, [path, wasm]: readonly string[], options: VerifyFlags) {
    const model = await openModel(context, path, options);
    const { samples } = (await openSource(model, sampleSource(options.data, undefined, options))) ?? {};
    const { compile, verify } = await import('../index.ts');
    const bytes = wasm === undefined ? (await compile(model)).wasm : readModule(wasm);
    const { seed } = context.options;
    const found = await verify(model, bytes, { ...options, samples, seed, progress: context.progress });
    context.result(found, verificationText(found));
    return found.ok ? 0 : checkFailed;
  },
};

export function readModule(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw ioFailed((error as Error).message, { file: path });
  }
}

export function verificationText({ comparisons }: Verification): string {
  return comparisons.map(comparisonText).join('\n');
}

const maxFlips = 5;

function comparisonText(c: Comparison): string {
  const { deviation, percent, count } = format;
  const limit = c.tolerance
    ? `, allowed ${[
        ...(Number.isFinite(c.tolerance.relL2) ? [`rel. L2 ${deviation(c.tolerance.relL2)}`] : []),
        `max ${deviation(Math.min(c.tolerance.maxRel * c.maxRef, c.tolerance.maxAbs ?? Number.POSITIVE_INFINITY))}`,
      ].join(', ')}`
    : '';
  // Where weights have changed, flips are what is to be expected.
  const listed = c.tolerance ? c.flips : [];
  const flips = listed
    .slice(0, maxFlips)
    .map((f) => `    sample ${f.sample}: ${f.expected} became ${f.got}, margin ${deviation(f.margin)}`);
  const more = listed.length > maxFlips ? [`    and ${count(listed.length - maxFlips)} more`] : [];
  return [
    `${c.ok ? '✓' : '✗'} ${c.against}, ${count(c.n)} ${c.inputs} inputs`,
    `    max error ${deviation(c.maxAbs)}, mean ${deviation(c.meanAbs)}, rel. L2 ${deviation(c.relL2)}${limit}`,
    `    same top-1 in ${percent(c.top1Agreement, 2)}`,
    ...flips,
    ...more,
  ].join('\n');
}
