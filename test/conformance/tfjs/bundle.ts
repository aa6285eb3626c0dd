/** The specs that ship inside @tensorflow/tfjs-core, bundled with one copy of tfjs-core and its cpu backend. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { build } from 'esbuild';
import type { Tfjs } from './backend.ts';
import type { Jasmine } from './jasmine.ts';

const require = createRequire(import.meta.url);
const core = dirname(require.resolve('@tensorflow/tfjs-core/package.json'));

export interface Bundle {
  readonly tf: Tfjs;
  setTestEnvs(envs: readonly { name: string; backendName: string; isDataSync: boolean }[]): void;
  /** Declares the specs of a file, named as in `dist/ops` without `_test.js`. */
  readonly declare: Readonly<Record<string, () => void>>;
}

export async function loadBundle(files: readonly string[], jasmine: Jasmine): Promise<Bundle> {
  const contents = `
    export * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-backend-cpu';
    import '@tensorflow/tfjs-core/dist/register_all_gradients';
    import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
    export { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util';
    export const declare = {
      ${files.map((f) => `${JSON.stringify(f)}: () => require('${core}/dist/ops/${f}_test.js'),`).join('\n')}
    };`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: core, loader: 'js' },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    mainFields: ['module', 'main'],
    // Else `sideEffects` of the packages drops the test files.
    ignoreAnnotations: true,
    external: ['jasmine-core', 'jasmine-core/*', 'node-fetch', 'string_decoder', 'crypto', 'seedrandom'],
    logLevel: 'error',
  });
  const module = { exports: {} };
  Object.assign(globalThis, jasmine.globals);
  new Function('module', 'exports', 'require', outputFiles[0].text)(module, module.exports, require);
  return module.exports as Bundle;
}
