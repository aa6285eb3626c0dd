/** The backend under test: every cpu kernel under another name, some of them seen or replaced. */
import type { DType, Tensor, TensorData } from '../../../compiler/ir/tensor.ts';

export type Tfjs = typeof import('@tensorflow/tfjs-core');
type Info = import('@tensorflow/tfjs-core').TensorInfo;

/** One call of a kernel: operands in a fixed order (`null`: not given) and attributes as tfjs passes them. */
export interface Call {
  readonly kernel: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
  readonly inputs: readonly Tensor[];
}

/** Computes a call, or returns why it can't. */
export type Answer = (call: Call, reference: () => readonly Tensor[]) => readonly Tensor[] | undefined;

export const backendName = 'espalier';

const dtypes: readonly string[] = ['float32', 'int32', 'bool'];

export function registerBackend(tf: Tfjs, answer: Answer): void {
  const cpu = tf.findBackendFactory('cpu');
  tf.registerBackend(backendName, cpu, 0);
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    tf.registerKernel({
      ...kernel,
      backendName,
      kernelFunc: (params) => {
        const fallback = () => kernel.kernelFunc(params);
        const call = callOf(tf, kernel.kernelName, params);
        if (!call) return fallback();
        let own: Info[] | undefined;
        const results = answer(call, () => {
          const infos = fallback();
          own = Array.isArray(infos) ? infos : [infos];
          return own.map((info) => read(params.backend as Cpu, info));
        });
        if (!results) return own ? (own.length === 1 ? own[0] : own) : fallback();
        for (const info of own ?? []) (params.backend as Cpu).disposeIntermediateTensorInfo(info);
        const infos = results.map((t) =>
          (params.backend as Cpu).makeTensorInfo([...t.shape], t.dtype, t.data),
        );
        return infos.length === 1 ? infos[0] : infos;
      },
    });
  }
}

interface Cpu {
  readonly data: { get(id: object): { values: ArrayLike<number> } };
  makeTensorInfo(shape: number[], dtype: string, values: TensorData): Info;
  disposeIntermediateTensorInfo(info: Info): void;
}

const read = (backend: Cpu, info: Info): Tensor => ({
  dtype: info.dtype as DType,
  shape: info.shape,
  data: typed(info.dtype as DType, backend.data.get(info.dataId).values),
});

/** The array type that the element type wants: tfjs keeps booleans of cpu kernels in whatever they were made of. */
function typed(dtype: DType, values: ArrayLike<number>): TensorData {
  if (dtype === 'float32') return Float32Array.from(values);
  return dtype === 'int32' ? Int32Array.from(values) : Uint8Array.from(values);
}

type Params = Parameters<import('@tensorflow/tfjs-core').KernelConfig['kernelFunc']>[0];

/** `undefined` for element types that no module has (strings, complex numbers). */
function callOf(_tf: Tfjs, kernel: string, { inputs, backend, attrs }: Params): Call | undefined {
  const given = Object.entries(inputs).flatMap(([name, v]) =>
    v === null || v === undefined
      ? []
      : Array.isArray(v)
        ? v.map((x) => [name, x] as const)
        : [[name, v] as const],
  );
  if (given.some(([, v]) => !dtypes.includes(v.dtype))) return undefined;
  return {
    kernel,
    attrs: (attrs ?? {}) as Readonly<Record<string, unknown>>,
    names: given.map(([name]) => name),
    inputs: given.map(([, v]) => read(backend as Cpu, v)),
  };
}
