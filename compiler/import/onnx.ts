/** ONNX models (`.onnx`), with their external data beside them. */
import type { ModelFiles } from './files.ts';
import type { Model, Reader, ReadOptions } from './read.ts';

export default {
  name: 'onnx',
  detect: (files) => files.main.toLowerCase().endsWith('.onnx'),
  fixes: true,
  read: readOnnx,
} satisfies Reader;

/** Protobuf and the schema load with the first model. */
async function readOnnx(files: ModelFiles, options: ReadOptions): Promise<Model> {
  const [{ parseOnnx }, { buildOnnx }] = await Promise.all([
    import('./onnx-proto.ts'),
    import('./onnx-build.ts'),
  ]);
  const model = parseOnnx(files.read(files.main), { file: files.main });
  const producer = [model.producerName, model.producerVersion].filter((s) => s !== '').join(' ');
  return { graph: buildOnnx(model, files, options), producer: producer === '' ? undefined : producer };
}
