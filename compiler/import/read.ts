/** What a reader of a format is. */
import type { Graph } from '../ir/graph.ts';
import type { Shape } from '../ir/tensor.ts';
import type { ModelFiles } from './files.ts';

export interface ReadOptions {
  /** Whole shapes of inputs, batch included, by name: for what the model leaves open. An open batch is 1. */
  readonly shapes?: Readonly<Record<string, Shape>>;
  /** Inputs that become constants (ONNX), all elements of one value: a rate or a switch that chooses a branch. */
  readonly fixed?: Readonly<Record<string, number>>;
  /** Takes weights with NaN or infinite values. */
  readonly allowNonfinite?: boolean;
}

export interface Model {
  readonly graph: Graph;
  /** What wrote the model, as far as it says so. */
  readonly producer?: string;
}

export interface Reader {
  readonly name: string;
  /** Whether the model file is of this format; looks at its beginning or at its JSON. */
  detect(files: ModelFiles): boolean;
  /** Whether `fixed` means something to it. */
  readonly fixes?: boolean;
  read(files: ModelFiles, options: ReadOptions): Model | Promise<Model>;
}
