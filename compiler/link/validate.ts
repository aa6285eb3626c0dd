/** The validator of the WebAssembly Binary Toolkit: a second opinion, and on Node 20 the only one on relaxed SIMD. */
import type createWabt from 'wabt';
import { assert } from '../errors.ts';
import type { Build } from '../kernels.ts';

type Wabt = Awaited<ReturnType<typeof createWabt>>;
let loading: Promise<Wabt> | undefined;

/** For callers with something else to do meanwhile. */
export const loadValidator = (): Promise<Wabt> => (loading ??= import('wabt').then((m) => m.default()));

/** @throws {InternalError} for bytes that are no valid module with the features of the build. */
export async function validate(wasm: Uint8Array<ArrayBuffer>, build: Build): Promise<void> {
  const wabt = await loadValidator();
  const features = { bulk_memory: true, simd: build !== 'scalar', relaxed_simd: build === 'relaxed' };
  let reason: string | undefined;
  try {
    const module = wabt.readWasm(wasm, features);
    try {
      module.validate();
    } finally {
      module.destroy();
    }
  } catch (error) {
    reason = (error as Error).message.trim();
  }
  assert(reason === undefined, `the module is not valid: ${reason}`);
}
