/** The networks of the accuracy benchmark: where they lie, what they were trained on, and how they are trained again. */
import { join } from 'node:path';
import { load } from '../compiler/index.ts';
import type { Graph } from '../compiler/ir/graph.ts';
import { packageRoot } from '../compiler/package-root.ts';
import type { FinetuneSettings, PruneData } from '../compiler/prune/index.ts';
import { loadCifar } from '../examples/data/cifar.ts';
import { loadDigits } from '../examples/data/digits.ts';
import { fashionInstalled, loadFashion } from '../examples/data/fashion.ts';
import type { Labelled, Split } from '../examples/data/labelled.ts';

export type NetworkName = 'lenet-300-100' | 'lenet-5' | 'resnet-8' | 'mobilenet-v1-0.25' | 'resnet-8-cifar';

export interface Network {
  readonly graph: Graph;
  readonly split: Split;
  /** With the labels of all training images. */
  readonly training: FinetuneSettings;
}

interface Recipe {
  readonly folder: string;
  readonly data: () => Split | Promise<Split>;
  readonly training: FinetuneSettings;
}

const examples = (name: string) => join(packageRoot(), 'examples', name);

const fashion = () => loadFashion()!;

const recipes: Record<NetworkName, Recipe> = {
  'lenet-300-100': {
    folder: examples('lenet/models/lenet-300-100'),
    data: loadDigits,
    training: { epochs: 500, lr: 2e-3, schedule: 'gradual' },
  },
  'lenet-5': {
    folder: examples('lenet/models/lenet-5'),
    data: loadDigits,
    training: { epochs: 120, lr: 2e-3, schedule: 'gradual' },
  },
  'resnet-8': {
    folder: examples('fashion/models/resnet-8'),
    data: fashion,
    training: { epochs: 4, lr: 2e-3, batch: 128 },
  },
  'mobilenet-v1-0.25': {
    folder: examples('fashion/models/mobilenet-v1-0.25'),
    data: fashion,
    training: { epochs: 8, lr: 2e-3, batch: 128 },
  },
  'resnet-8-cifar': {
    folder: examples('cifar/models/resnet-8'),
    data: loadCifar,
    training: { epochs: 4, lr: 2e-3, batch: 128 },
  },
};

/** False where the images are not on this machine and are not fetched for the benchmark. */
export const available = (name: NetworkName): boolean => recipes[name].data !== fashion || fashionInstalled();

const opened = new Map<NetworkName, Promise<Network>>();

/** Read once. */
export function openNetwork(name: NetworkName): Promise<Network> {
  const open = async (): Promise<Network> => {
    const { folder, data, training } = recipes[name];
    const { graph } = await load(folder);
    return { graph, split: await data(), training };
  };
  if (!opened.has(name)) opened.set(name, open());
  return opened.get(name)!;
}

/** Images as samples of the graph's only input; `order` picks some. */
export function dataOf(
  graph: Graph,
  { x, y }: Labelled,
  order?: Uint32Array,
): PruneData & { readonly labels: Int32Array } {
  const [port] = graph.inputs;
  const { dtype, shape } = graph.values.get(port.value)!;
  const size = x.length / y.length;
  const indices = order ?? Uint32Array.from(y, (_, i) => i);
  return {
    samples: Array.from(indices, (i) => ({
      [port.name]: { dtype, shape, data: x.subarray(i * size, (i + 1) * size) },
    })),
    labels: Int32Array.from(indices, (i) => y[i]),
  };
}
