import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import type { MachineFacts } from './types.ts';

/** The machine, the engine and the installed versions of the named packages; those not installed are left out. */
export async function machineFacts(
  packages: readonly string[] = [],
  command: readonly string[] = process.argv.slice(1),
): Promise<MachineFacts> {
  const cpus = os.cpus();
  const versions = await installedVersions(packages);
  return {
    cpu: cpus[0]?.model.trim() || os.arch(),
    cores: cpus.length,
    memory: os.totalmem(),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    engine: `Node ${process.versions.node}, V8 ${process.versions.v8.replace(/-node.*/, '')}`,
    versions,
    command: command.join(' '),
    date: new Date().toISOString(),
  };
}

export async function installedVersions(packages: readonly string[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const name of packages) {
    const version = await installedVersion(name);
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}

/** Read from the package's folder: `exports` maps often hide package.json from `require.resolve`. */
async function installedVersion(name: string): Promise<string | undefined> {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return JSON.parse(await readFile(join(folder, name, 'package.json'), 'utf8')).version;
    } catch {}
  }
  return undefined;
}
