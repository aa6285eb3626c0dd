/** TFLite files with a branch, and with a loop. */
import { bytesOf, type LiteSpec, type LiteTensorSpec } from './tflite-models.ts';

const row: LiteTensorSpec = { shape: [1, 3] };
const count: LiteTensorSpec = { shape: [1], type: 'int32' };
const int = (v: number): LiteTensorSpec => ({ ...count, data: bytesOf(Int32Array.of(v)) });
const flag: LiteTensorSpec = { shape: [1], type: 'bool' };

/** x + x where the condition holds, else x − 1; without a condition, that is whether x's first element is above itself. */
export function branching(condition: boolean | undefined): LiteSpec {
  const known = condition !== undefined;
  return {
    tensors: [
      { ...row, name: 'x' },
      known ? { ...flag, data: bytesOf(Uint8Array.of(Number(condition))) } : { ...flag, shape: [1, 3] },
      row,
    ],
    operators: [
      ...(known ? [] : [{ op: 'GREATER', inputs: [0, 0], outputs: [1], optionsType: 44 }]),
      {
        op: 'IF',
        inputs: [1, 0],
        outputs: [2],
        options: [
          [0, 1, 'int'],
          [1, 2, 'int'],
        ],
        optionsType: 92,
      },
    ],
    inputs: [0],
    outputs: [2],
    more: [
      {
        tensors: [row, row],
        operators: [{ op: 'ADD', inputs: [0, 0], outputs: [1], optionsType: 11 }],
        inputs: [0],
        outputs: [1],
      },
      {
        tensors: [row, { shape: [1], data: bytesOf(Float32Array.of(1)) }, row],
        operators: [{ op: 'SUB', inputs: [0, 1], outputs: [2], optionsType: 28 }],
        inputs: [0],
        outputs: [2],
      },
    ],
  };
}

/** x doubled as often as there are rounds. */
export function counting(rounds: number): LiteSpec {
  return {
    tensors: [{ ...row, name: 'x' }, int(0), count, row],
    operators: [
      {
        op: 'WHILE',
        inputs: [1, 0],
        outputs: [2, 3],
        options: [
          [0, 1, 'int'],
          [1, 2, 'int'],
        ],
        optionsType: 93,
      },
    ],
    inputs: [0],
    outputs: [3],
    more: [
      {
        tensors: [count, row, int(rounds), flag],
        operators: [{ op: 'LESS', inputs: [0, 2], outputs: [3], optionsType: 41 }],
        inputs: [0, 1],
        outputs: [3],
      },
      {
        tensors: [count, row, int(1), count, row],
        operators: [
          { op: 'ADD', inputs: [0, 2], outputs: [3], optionsType: 11 },
          { op: 'ADD', inputs: [1, 1], outputs: [4], optionsType: 11 },
        ],
        inputs: [0, 1],
        outputs: [3, 4],
      },
    ],
  };
}
