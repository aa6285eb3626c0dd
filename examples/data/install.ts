/** Packages that only benchmarks need, fetched into folders that git ignores. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { toolchain } from '../../compiler/errors.ts';

/** Into `folder/node_modules`, without install scripts. Throws `E_TOOLCHAIN`. */
export function npmInstall(folder: string, packages: readonly string[], flags: readonly string[] = []): void {
  mkdirSync(folder, { recursive: true });
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', ...flags, '--prefix', folder];
  const { status } = spawnSync('npm', ['install', ...options, ...packages], { stdio: 'inherit' });
  if (status !== 0) throw toolchain(`${packages.join(', ')} could not be installed`);
}
