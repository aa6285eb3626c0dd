/** Data that is added to a module, as the engine reads it back. */
import { expect, test } from 'vitest';
import createWabt from 'wabt';
import { addData, customSection, readLeb, readSections, type Segment } from '../../compiler/link/sections.ts';

const empty = (await createWabt())
  .parseWat('m.wat', '(module (memory (export "memory") 1))')
  .toBinary({}).buffer;
const custom = { name: 'note', contents: Uint8Array.of(7) };
const segment = (address: number, ...bytes: number[]): Segment => ({
  address,
  bytes: Uint8Array.from(bytes),
});

function added(...segments: Segment[]) {
  const wasm = addData(Uint8Array.from(empty), segments, custom);
  const { memory } = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
  const data = readSections(wasm).find((s) => s.id === 11);
  return {
    wasm,
    segments: data ? readLeb(data.contents, 0)[0] : 0,
    memory: new Uint8Array((memory as WebAssembly.Memory).buffer),
  };
}

test('neighbours are one segment, in any order, and the zeros between them stay zeros', () => {
  const { segments, memory, wasm } = added(segment(48, 4, 5), segment(16, 1, 2, 3), segment(32, 0, 9, 0));
  expect(segments).toBe(1);
  const wanted = new Uint8Array(64);
  wanted.set([1, 2, 3], 16);
  wanted.set([9], 33);
  wanted.set([4, 5], 48);
  expect(memory.subarray(0, 64)).toEqual(wanted);
  expect(customSection(wasm, 'note')).toEqual(Uint8Array.of(7));
});

test('what is further apart than an alignment stays apart, and zeros alone are left out', () => {
  expect(added(segment(16, 1), segment(32, 2)).segments).toBe(1);
  expect(added(segment(16, 1), segment(33, 2)).segments).toBe(2);
  const { segments, memory } = added(segment(16, 1), segment(40, 0, 0), segment(60000, 2));
  expect([segments, memory[16], memory[60000]]).toEqual([2, 1, 2]);
  expect(added(segment(16, 0, 0)).segments).toBe(0);
});

test('constants that overlap are a defect of the compiler', () => {
  expect(() => added(segment(16, 1, 2), segment(17, 3))).toThrow('overlap');
});
