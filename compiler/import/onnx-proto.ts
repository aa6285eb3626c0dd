/** ONNX bytes → messages. Nesting is bounded by the decoder (100 levels), sizes by the file. */
import { fromBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { badFormat, type Place, truncated } from '../errors.ts';

/** Throws `E_TRUNCATED` where a field reaches past the end, `E_FORMAT` for all else. */
export function parseOnnx(bytes: Uint8Array, place: Place): ModelProto {
  // A model begins with a number or a message.
  if (![0, 2].includes(bytes[0] & 7)) throw badFormat('is no ONNX model', place);
  try {
    // A Node Buffer would be sliced as a view of its pool.
    return fromBinary(ModelProtoSchema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (error) {
    const { message } = error as Error;
    if (/premature EOF|out of bounds|invalid or unsupported length|Offset is outside/i.test(message))
      throw truncated('the file ends inside a field', place);
    throw badFormat(`is no ONNX model: ${message.slice(0, 200)}`, place);
  }
}

/** Throws `E_FORMAT` for bad UTF-8. */
export function text(bytes: Uint8Array, what: string, place: Place): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badFormat(`${what} is no UTF-8`, place);
  }
}
