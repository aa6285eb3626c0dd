/** Kernel calls as modules: many one-call graphs side by side in each, so that one run of the AssemblyScript compiler serves many. */
import { createHash } from 'node:crypto';
import { instantiate } from '../../../compiler/instance.ts';
import { GraphBuilder } from '../../../compiler/ir/graph.ts';
import { sizeOf, type Tensor } from '../../../compiler/ir/tensor.ts';
import type { Build } from '../../../compiler/kernels.ts';
import { simplify } from '../../../compiler/passes/index.ts';
import { type Emitted, emit } from '../../../compiler/pipeline.ts';
import { semantics } from '../../../compiler/semantics/evaluate.ts';
import type { FormatName } from '../../../compiler/sparse/index.ts';
import type { Call, Tfjs } from './backend.ts';
import { Context } from './kernels/context.ts';
import { translations } from './kernels/index.ts';

export interface Compiled {
  run(call: Call): readonly Tensor[];
  /** Formats of the call's matrices. */
  readonly formats: readonly string[];
}

export interface Options {
  readonly build: Build;
  readonly format?: FormatName;
}

const perModule = 48;

/** Equal for calls that one module computes: everything but the values of operands that aren't weights. */
export function keyOf(call: Call): string {
  const weights = translations.get(call.kernel)!.constants(call);
  const operands = call.inputs.map(({ dtype, shape, data }, i) => {
    if (!weights.includes(call.names[i])) return [call.names[i], dtype, shape];
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return [call.names[i], dtype, shape, createHash('sha256').update(bytes).digest('hex')];
  });
  return JSON.stringify([call.kernel, call.attrs, operands], (_k, v) =>
    typeof v === 'number' && !Number.isFinite(v) ? String(v) : v,
  );
}

/** Per key: the compiled call, or why there is none. */
export async function compileCalls(
  tf: Tfjs,
  calls: ReadonlyMap<string, Call>,
  options: Options,
): Promise<Map<string, Compiled | string>> {
  const out = new Map<string, Compiled | string>();
  const good: [string, Call][] = [];
  for (const [key, call] of calls) {
    try {
      // Alone first: what the compiler refuses must not take its neighbours along.
      graphOf(tf, [[key, call]]);
      good.push([key, call]);
    } catch (error) {
      out.set(key, messageOf(error));
    }
  }
  for (let i = 0; i < good.length; i += perModule) {
    await compileBatch(tf, good.slice(i, i + perModule), options, out);
  }
  return out;
}

async function compileBatch(
  tf: Tfjs,
  batch: readonly [string, Call][],
  options: Options,
  out: Map<string, Compiled | string>,
): Promise<void> {
  let emitted: Emitted;
  try {
    emitted = await emit(simplify(graphOf(tf, batch)), options);
  } catch (error) {
    if (batch.length === 1) {
      out.set(batch[0][0], messageOf(error));
      return;
    }
    const half = batch.length >> 1;
    await compileBatch(tf, batch.slice(0, half), options, out);
    await compileBatch(tf, batch.slice(half), options, out);
    return;
  }
  const { wasm, metadata } = emitted;
  const instance = await instantiate(wasm, metadata);
  batch.forEach(([key], at) => {
    const own = (name: string) => name.startsWith(`c${at}.`);
    const inputs = metadata.inputs.flatMap((p, i) =>
      own(p.name) ? [{ view: instance.inputs[i], operand: Number(p.name.split('.')[1]) }] : [],
    );
    const outputs = metadata.outputs.flatMap((p, i) =>
      own(p.name) ? [{ ...p, view: instance.outputs[i] }] : [],
    );
    out.set(key, {
      formats: metadata.layers.filter((l) => own(l.name) && l.form === 'linear').map((l) => l.format),
      run(given) {
        for (const { view, operand } of inputs) view.set(given.inputs[operand].data);
        instance.invoke();
        return outputs.map(({ dtype, shape, view }) => ({ dtype, shape, data: view.slice() }));
      },
    });
  });
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Operand i of call n is the input `cn.i`, or a constant; its results are `cn.0`, `cn.1`, …. */
function graphOf(tf: Tfjs, batch: readonly [string, Call][]) {
  const b = new GraphBuilder(semantics, 'calls');
  batch.forEach(([, call], at) => {
    const translation = translations.get(call.kernel)!;
    const weights = translation.constants(call);
    const ids = call.inputs.map((t, i) =>
      weights.includes(call.names[i])
        ? b.constant(t, call.names[i])
        : b.input(`c${at}.${i}`, t.dtype, t.shape),
    );
    const results = translation.build(new Context(tf, b, call, ids, `c${at}.`));
    [results].flat().forEach((id, i) => void b.output(`c${at}.${i}`, id));
    for (const id of [results].flat()) sizeOf(b.shape(id));
  });
  return b.finish();
}
