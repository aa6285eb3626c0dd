/** The types of a loaded module: names and shapes as literals. Names from models appear as JSON strings only. */
import type { DType } from '../compiler/ir/tensor.ts';
import type { Metadata, PortInfo } from '../compiler/link/metadata.ts';

const arrays: Record<DType, string> = {
  float32: 'Float32Array',
  int32: 'Int32Array',
  int8: 'Int8Array',
  uint8: 'Uint8Array',
  bool: 'Uint8Array',
};

export function declarations(m: Metadata): string {
  const bare = m.inputs.length === 1 ? arrays[m.inputs[0].dtype] : undefined;
  const result = m.outputs.length === 1 ? arrays[m.outputs[0].dtype] : 'Outputs';
  return `${banner(m)}
/** Row-major; a batch is k inputs one after the other. */
export interface Inputs {
${members(m.inputs)}
}

export interface Outputs {
${members(m.outputs)}
}

export interface Port<Name extends string, DType extends string, Shape extends readonly number[]> {
  readonly name: Name;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Byte offset in the memory of the module. */
  readonly offset: number;
}

export interface Metadata {
  readonly name: string;
  readonly abi: number;
  readonly compiler: string;
  readonly build: string;
  readonly source: string;
  readonly stateful: boolean;
  readonly weightBytes: number;
  readonly arenaBytes: number;
  readonly memoryBytes: number;
  readonly features: readonly string[];
  readonly inputs: readonly [${m.inputs.map(port).join(', ')}];
  readonly outputs: readonly [${m.outputs.map(port).join(', ')}];
}

export interface Model {
  readonly metadata: Metadata;
  /** Views of the module's memory: fill them, \`invoke()\`, read \`outputs\`. Nothing is copied. */
  readonly inputs: Inputs;
  /** Views of the module's memory, overwritten by the next run. */
  readonly outputs: Outputs;
${bare === undefined ? '' : `  /** Copies. Throws \`EspalierInputError\`. */\n  run(input: ${bare}): ${result};\n`}  /** Copies. Throws \`EspalierInputError\`. */
  run(inputs: Inputs): Outputs;
  invoke(): void;
  /** Back to the initial state, where the model carries one from run to run. */
  reset(): void;
}

/** An array of the wrong type or length, or a name that is no input. */
export declare class EspalierInputError extends TypeError {
  readonly expected: string;
  readonly got: string;
}

export type Source = WebAssembly.Module | BufferSource | Response | URL | string;

/** Compiles and instantiates the module: its own by default. */
export declare function load(source?: Source | Promise<Source>): Promise<Model>;
`;
}

export const banner = (m: Metadata) => `// ${plain(m.name)}, compiled by ${plain(m.compiler)}.\n`;

const plain = (text: string) => text.replace(/[^\w .-]/g, '?').slice(0, 80);

const members = (ports: readonly PortInfo[]) =>
  ports
    .map(
      (p) => `  /** ${p.dtype} [${p.shape.join(', ')}] */\n  readonly ${quoted(p.name)}: ${arrays[p.dtype]};`,
    )
    .join('\n');

const port = (p: PortInfo) => `Port<${quoted(p.name)}, '${p.dtype}', readonly [${p.shape.join(', ')}]>`;

/** A string literal: JSON, and nothing in it that an editor or a page could take for more. */
const quoted = (text: string) =>
  JSON.stringify(text).replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff<]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
