/**
 * Dense engines to be held against, one thread each. ONNX Runtime is optional: `npm run bench -- peers` installs it into
 * `.espalier/peers`, which git ignores. Each package has a folder of its own: side by side they would share
 * `onnxruntime-common`, whose registry gives the native package's `cpu` to the WebAssembly one.
 */
import { join } from 'node:path';
import { packageRoot } from '../compiler/package-root.ts';
import { type Ort, type OrtName, ortSession } from '../compiler/reference/onnx.ts';
import { findPeer } from '../compiler/reference/peer.ts';
import { npmInstall } from '../examples/data/install.ts';

/** The folder that a peer is looked for in first. */
export const peerFolder = (name: OrtName) => join(packageRoot(), '.espalier', 'peers', name);
const versions = { 'onnxruntime-web': '1.30.0', 'onnxruntime-node': '1.30.0' } as const;

/** Without install scripts: the native library ships inside the package. */
export function installPeers(): void {
  for (const name of Object.keys(versions) as OrtName[]) {
    npmInstall(peerFolder(name), [`${name}@${versions[name]}`]);
  }
}

export interface Peer {
  readonly name: string;
  /** One inference on the fixed input. */
  run(): Promise<void>;
  /** The result of the last run. */
  output(): Float32Array;
}

/** `undefined` where the package is not installed. */
export async function ortPeer(
  name: OrtName,
  model: Uint8Array,
  input: { readonly data: Float32Array; readonly shape: readonly number[] },
): Promise<Peer | undefined> {
  const peer = findPeer(name, [peerFolder(name)]);
  if (!peer) return undefined;
  const ort = peer.load() as Ort;
  const session = await ortSession(name, ort, model);
  const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', input.data, input.shape) };
  let last = new Float32Array(0);
  return {
    name,
    async run() {
      last = (await session.run(feeds))[session.outputNames[0]].data as Float32Array<ArrayBuffer>;
    },
    output: () => last,
  };
}
