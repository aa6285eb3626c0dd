/** ONNX models (`.onnx`), with their external data beside them. */
import type { ModelFiles } from './files.ts';
import { buildOnnx } from './onnx-build.ts';
import { parseOnnx } from './onnx-proto.ts';
import type { Model, Reader, ReadOptions } from './read.ts';

export default {
  name: 'onnx',
  detect: (files) => files.main.toLowerCase().endsWith('.onnx'),
  fixes: true,
  read: readOnnx,
} satisfies Reader;

function readOnnx(files: ModelFiles, options: ReadOptions): Model {
  const model = parseOnnx(files.read(files.main), { file: files.main });
  const producer = [model.producerName, model.producerVersion].filter((s) => s !== '').join(' ');
  return { graph: buildOnnx(model, files, options), producer: producer === '' ? undefined : producer };
}
