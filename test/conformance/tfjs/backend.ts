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

export interface Answer {
  /** Computes a call; `undefined` leaves it to the cpu backend, whose results `reference` gives. */
  compute(call: Call, reference: () => readonly Tensor[]): readonly Tensor[] | undefined;
  /** A call on element types that no module has goes to the cpu backend. */
  foreign(kernel: string): void;
}

export const backendName = 'espalier';

const dtypes: readonly string[] = ['float32', 'int32', 'bool'];

export function registerBackend(tf: Tfjs, answer: () => Answer): void {
  const cpu = tf.findBackendFactory('cpu');
  tf.registerBackend(backendName, cpu, 0);
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    tf.registerKernel({
      ...kernel,
      backendName,
      kernelFunc: (params) => {
        const fallback = () => kernel.kernelFunc(params);
        const backend = params.backend as Cpu;
        const call = callOf(kernel.kernelName, params);
        if (!call) {
          answer().foreign(kernel.kernelName);
          return fallback();
        }
        let own: Info | Info[] | undefined;
        const results = answer().compute(call, () => {
          own = fallback();
          return [own].flat().map((info) => read(backend, info));
        });
        if (!results) return own ?? fallback();
        const one = own !== undefined && !Array.isArray(own);
        for (const info of [own ?? []].flat()) backend.disposeIntermediateTensorInfo(info);
        const infos = results.map((t) => backend.makeTensorInfo([...t.shape], t.dtype, t.data));
        return one ? infos[0] : infos;
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
function callOf(kernel: string, { inputs, backend, attrs }: Params): Call | undefined {
  const given = Object.entries(inputs).flatMap(([name, v]) =>
    v === null || v === undefined
      ? []
      : Array.isArray(v)
        ? v.map((x) => [name, x] as const)
        : [[name, v] as const],
  );
  const result = (attrs as { dtype?: string } | undefined)?.dtype ?? 'float32';
  if (!dtypes.includes(result) || given.some(([, v]) => !dtypes.includes(v.dtype))) return undefined;
  return {
    kernel,
    attrs: (attrs ?? {}) as Readonly<Record<string, unknown>>,
    names: given.map(([name]) => name),
    inputs: given.map(([, v]) => read(backend as Cpu, v)),
  };
}
