/** Finds runtimes that espalier does not bring along. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Loads the package, or something in it. */
export interface Peer {
  /** Of the package. */
  readonly folder: string;
  load(file?: string): unknown;
}

/** Looks from the user's project, then from espalier itself; `undefined` where the package is nowhere. */
export function findPeer(name: string, folders: readonly string[] = []): Peer | undefined {
  for (const from of [...folders, process.cwd(), import.meta.dirname]) {
    const require = createRequire(join(from, 'package.json'));
    try {
      const folder = packageFolder(require.resolve(name), name);
      return { folder, load: (file) => require(file === undefined ? name : join(folder, file)) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
    }
  }
  return undefined;
}

/** Up from the entry to the folder of the package's own name. */
function packageFolder(entry: string, name: string): string {
  const tail = join('node_modules', name);
  let folder = dirname(entry);
  while (!folder.endsWith(tail) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
