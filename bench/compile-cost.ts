/** What compiling takes: `espalier compile` as a process of its own, from its start to its end, and the peak of its memory. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { coldStart, printResult } from '../compiler/bench/coldstart.ts';
import { toolchain } from '../compiler/errors.ts';
import { packageRoot } from '../compiler/package-root.ts';
import { loadBackend } from '../compiler/prune/train/backend.ts';
import { build, type ZooName } from '../examples/zoo/index.ts';
import { filesOf } from './models.ts';
import { table } from './tables.ts';

export interface CompileRow {
  readonly network: ZooName;
  readonly command: string;
  /** Median of whole processes. */
  readonly wallMs: number;
  /** Peak resident memory. */
  readonly rss: number;
}

const sparsity = ['--sparsity', '0.9'];

export async function benchCompile(
  networks: readonly ZooName[],
  folder: string,
  rounds: number,
): Promise<CompileRow[]> {
  const tf = await loadBackend('wasm');
  const cli = join(packageRoot(), 'dist/compiler/cli');
  const rows: CompileRow[] = [];
  for (const network of networks) {
    const dir = join(folder, `compile-${network}`);
    mkdirSync(dir, { recursive: true });
    for (const [name, bytes] of Object.entries(await filesOf(tf, build(tf, network))))
      writeFileSync(join(dir, name), bytes);
    const dense = join(dir, 'model.json');
    const prune = ['prune', dense, '--out', join(dir, 'pruned'), ...sparsity, '--quiet'];
    const { status, stderr } = spawnSync(process.execPath, [join(cli, 'main.js'), ...prune]);
    if (status !== 0) throw toolchain(`pruning ${network} failed`, String(stderr));
    const script = (name: string, model: string, flags: readonly string[]) => {
      const args = ['compile', model, '--out', join(dir, name), ...flags, '--quiet'];
      const module = join(dir, `${name}.mjs`);
      writeFileSync(
        module,
        `const { run } = await import(${JSON.stringify(pathToFileURL(join(cli, 'program.js')).href)});
if ((await run(${JSON.stringify(args)})) !== 0) throw new Error('compiling failed');
${printResult('performance.now()')}`,
      );
      return { name: ['espalier compile', ...flags].join(' '), module };
    };
    const variants = [
      script('compiled', join(dir, 'pruned'), []),
      script('pruned-compiled', dense, sparsity),
    ];
    const { variants: results } = await coldStart(variants, { rounds });
    for (const { name, wall, rss } of results) rows.push({ network, command: name, wallMs: wall, rss });
  }
  return rows;
}

export const compileTable = (rows: readonly CompileRow[]): string =>
  [
    'Whole processes: reading the model, everything in between, and writing module and loader. The model of the first command is pruned to 90 % zeros, of the second one dense.',
    table(
      ['network', 'command', 's', 'resident MB'],
      rows.map((r) => [
        r.network,
        `\`${r.command}\``,
        (r.wallMs / 1000).toFixed(1),
        (r.rss / 1e6).toFixed(0),
      ]),
    ),
  ].join('\n\n');
