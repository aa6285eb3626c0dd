import { createRequire } from 'node:module';
import { styleText } from 'node:util';
import { toolchain } from '../errors.ts';
import { type CommandSpec, type Context, checkFailed } from './command.ts';
import { printable } from './ui/format.ts';

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  /** Nothing fails for lack of it. */
  readonly optional?: boolean;
}

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'Says what there is of the tools and of what the machine can do.',
  examples: ['doctor', 'doctor --json'],
  async action(context: Context) {
    const findings = await examine();
    context.result(findings, findings.map(line).join('\n'));
    return findings.every((f) => f.ok || f.optional) ? 0 : checkFailed;
  },
};

function line({ name, ok, found, optional }: Finding): string {
  const mark = ok ? styleText('green', '✓') : optional ? styleText('dim', '–') : styleText('red', '✗');
  return `${mark} ${name.padEnd(24)} ${printable(found)}`;
}

async function examine(): Promise<Finding[]> {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return [
    { name: 'Node', ok: major > 20 || (major === 20 && minor >= 11), found: process.versions.node },
    { name: 'wasm SIMD', ok: WebAssembly.validate(simd), found: yesNo(WebAssembly.validate(simd)) },
    {
      name: 'wasm relaxed SIMD',
      ok: WebAssembly.validate(relaxed),
      found: yesNo(WebAssembly.validate(relaxed)),
      optional: true,
    },
    await attempt('asc', async () => {
      const { assemble } = await import('../link/asc.ts');
      const sources = new Map([['m.ts', 'export function one(): i32 { return 1; }']]);
      const { wasm } = await assemble({ sources, entry: 'm.ts', build: 'simd' });
      return `works, ${wasm.length} bytes`;
    }),
    await attempt('wabt', async () => {
      const wabt = await (await import('wabt')).default();
      wabt.readWasm(simd, { simd: true }).destroy();
      return 'works';
    }),
    await attempt('tfjs, wasm backend', () => tfjs('wasm')),
    await attempt('tfjs, cpu backend', () => tfjs('cpu')),
    await attempt(
      'tfjs-node',
      async () => {
        createRequire(import.meta.url).resolve('@tensorflow/tfjs-node');
        return tfjs('node');
      },
      true,
    ),
  ];
}

async function tfjs(backend: 'wasm' | 'cpu' | 'node'): Promise<string> {
  const { loadBackend } = await import('../prune/train/backend.ts');
  const tf = await loadBackend(backend);
  if (backend !== 'node' && tf.getBackend() !== backend)
    throw toolchain(`the ${backend} backend does not start`);
  return tf.version_core;
}

async function attempt(name: string, work: () => Promise<string>, optional = false): Promise<Finding> {
  try {
    return { name, ok: true, found: await work(), optional };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const found = code === 'MODULE_NOT_FOUND' ? 'not installed' : message.split('\n')[0];
    return { name, ok: false, found, optional };
  }
}

const yesNo = (ok: boolean) => (ok ? 'yes' : 'no');

/** A module whose one function is `body`. */
const module = (...body: number[]) =>
  Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
    ...[10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b],
  );

/** `i32.const 0; i8x16.splat; drop` */
const simd = module(0x41, 0, 0xfd, 0x0f, 0x1a);

/** `i32.const 0; i8x16.splat` twice, `i8x16.relaxed_swizzle; drop` */
const relaxed = module(0x41, 0, 0xfd, 0x0f, 0x41, 0, 0xfd, 0x0f, 0xfd, 0x80, 0x02, 0x1a);
