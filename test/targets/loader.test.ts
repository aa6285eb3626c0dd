/** Every target, loaded in Node: what goes in, what comes out, what is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import createWabt from 'wabt';
import { GraphBuilder } from '../../compiler/ir/graph.ts';
import { leb, readSections } from '../../compiler/link/sections.ts';
import { emit, pack } from '../../compiler/pipeline.ts';
import { semantics } from '../../compiler/semantics/evaluate.ts';
import { type TargetName, targets } from '../../targets/index.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: it must break no template
const hostile = '*/ `${x}` "\n\u2028\u202e</script> __proto__';
const folder = mkdtempSync(join(tmpdir(), 'espalier-targets-'));

interface Loaded {
  readonly inputs: Record<string, Float32Array>;
  readonly outputs: Record<string, Float32Array>;
  run(given: unknown): unknown;
  invoke(): void;
}
type Load = (source?: unknown) => Promise<Loaded>;

let server: Server;
let base: string;
const loaders = new Map<string, Load>();
const texts = new Map<string, string>();
let wasm: Uint8Array<ArrayBuffer>;

/** x ↦ −x and, with two inputs, (a, b) ↦ a + b and a·b under hostile names. */
async function modules() {
  const one = new GraphBuilder(semantics, 'negate');
  one.output('y', one.one('neg', [one.input('x', 'float32', [1, 3])]));
  const two = new GraphBuilder(semantics, hostile);
  const a = two.input(hostile, 'float32', [1, 2]);
  const b = two.input('constructor', 'float32', [1, 2]);
  two.output('sum', two.one('add', [a, b]));
  two.output(hostile, two.one('mul', [a, b]));
  const fixed = new GraphBuilder(semantics, 'fixed');
  fixed.output('y', fixed.one('neg', [fixed.input('x', 'int32', [2, 2])]));
  return { one: await emit(one.finish()), two: await emit(two.finish()), fixed: await emit(fixed.finish()) };
}

beforeAll(async () => {
  const made = await modules();
  wasm = made.one.wasm;
  for (const target of Object.keys(targets) as TargetName[]) {
    for (const [name, module] of Object.entries(made)) {
      const file = `${name}_${target}`;
      const files = pack(file, module, target);
      for (const [path, content] of files) writeFileSync(join(folder, path), content);
      const loader = [...files.keys()].find((path) => /\.c?js$/.test(path))!;
      texts.set(file, String(files.get(loader)));
      const url = pathToFileURL(join(folder, loader)).href;
      loaders.set(file, (await import(/* @vite-ignore */ url)).load);
    }
  }
  server = createServer((request, response) => {
    const [, type, status] = request.url!.split('/');
    response.writeHead(Number(status), { 'content-type': decodeURIComponent(type) }).end(wasm);
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const customSection = (name: string, contents: Uint8Array) => {
  const inside = Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), contents]);
  return Buffer.concat([Uint8Array.of(0, ...leb(inside.length)), inside]);
};

/** Metadata of a module whose output is the start of its memory. */
const sixteenBytes = customSection(
  'espalier',
  Buffer.from(
    JSON.stringify({ inputs: [], outputs: [{ name: 'y', dtype: 'uint8', shape: [16], offset: 0 }] }),
  ),
);

/** The module with sections before and behind its data. */
function withSections(wasm: Uint8Array, before: Uint8Array, behind: Uint8Array): Uint8Array<ArrayBuffer> {
  const sections = readSections(wasm);
  const data = sections.filter((s) => s.id === 11).map((s) => s.bytes);
  const code = sections.filter((s) => s.id !== 11).map((s) => s.bytes);
  return Uint8Array.from(Buffer.concat([wasm.subarray(0, 8), ...code, before, ...data, behind]));
}

describe.each(Object.keys(targets))('%s', (target) => {
  const load = (name: string, source?: unknown) => loaders.get(`${name}_${target}`)!(source);

  test('no function is read twice: all are in parentheses', () => {
    const text = texts.get(`one_${target}`)!;
    expect(text.match(/^(export )?const load = \(async function load\(/gm)).toHaveLength(1);
    expect(text).not.toMatch(/^(export )?(async )?function/m);
  });

  test('one array in, one array out', async () => {
    const model = await load('one');
    expect(model.run(Float32Array.of(1, -2, 3))).toEqual(Float32Array.of(-1, 2, -3));
    expect(model.run({ x: Float32Array.of(1, 2, 4) })).toEqual({ y: Float32Array.of(-1, -2, -4) });
  });

  test('a batch runs row by row', async () => {
    const { run } = await load('one').then((m) => ({ run: m.run.bind(m) }));
    expect(run(Float32Array.of(1, 2, 3, 4, 5, 6))).toEqual(Float32Array.of(-1, -2, -3, -4, -5, -6));
    const model = await load('two');
    const a = Float32Array.of(1, 2, 3, 4);
    expect(model.run({ [hostile]: a, constructor: a })).toEqual({
      sum: Float32Array.of(2, 4, 6, 8),
      [hostile]: Float32Array.of(1, 4, 9, 16),
    });
  });

  test('results are copies, views are not', async () => {
    const model = await load('one');
    const first = model.run(Float32Array.of(1, 1, 1));
    model.inputs.x.set([5, 6, 7]);
    model.invoke();
    expect(model.outputs.y).toEqual(Float32Array.of(-5, -6, -7));
    expect(first).toEqual(Float32Array.of(-1, -1, -1));
    expect(model.outputs.y.buffer).toBe(model.inputs.x.buffer);
  });

  test.each<[name: string, given: unknown, expected: string, got: string]>([
    ['one', new Float32Array(4), 'Float32Array of 3, 1 × [1,3]', 'Float32Array of 4'],
    ['one', new Float32Array(0), 'Float32Array of 3, 1 × [1,3]', 'Float32Array of 0'],
    ['one', new Float64Array(3), 'Float32Array of 3, 1 × [1,3]', 'Float64Array'],
    ['one', { x: [1, 2, 3] }, 'Float32Array of 3, 1 × [1,3]', 'object'],
    ['one', { z: new Float32Array(3) }, '["x"]', '["z"]'],
    ['one', {}, '["x"]', '[]'],
    ['one', undefined, '["x"]', '[]'],
    ['one', { x: new Float32Array(3), y: new Float32Array(3) }, '["x"]', '["x","y"]'],
    ['two', new Float32Array(2), JSON.stringify([hostile, 'constructor']), '["one array"]'],
    [
      'two',
      { [hostile]: new Float32Array(4), constructor: new Float32Array(2) },
      'Float32Array of 4, 2 × [1,2]',
      'Float32Array of 2',
    ],
    ['fixed', new Int32Array(8), 'Int32Array of 4, 1 × [2,2]', 'Int32Array of 8'],
  ])('%s refuses %o', async (name, given, expected, got) => {
    const model = await load(name);
    expect(() => model.run(given)).toThrow(
      expect.objectContaining({ name: 'EspalierInputError', expected, got }),
    );
  });

  test.each<[what: string, source: () => unknown]>([
    ['bytes', () => wasm],
    ['a buffer', () => wasm.buffer],
    ['a module', () => new WebAssembly.Module(wasm)],
    ['a promise', () => Promise.resolve(wasm)],
    ['a URL', () => new URL(`${base}/application%2Fwasm/200`)],
    ['a URL of the wrong type', () => `${base}/text%2Fplain/200`],
    ['a response', () => fetch(`${base}/application%2Fwasm/200`)],
    ['a file URL', () => pathToFileURL(join(folder, 'one_esm.wasm'))],
    ['a path', () => join(folder, 'one_esm.wasm')],
  ])('loads %s', async (_, source) => {
    const model = await load('one', source());
    expect(model.run(Float32Array.of(1, 2, 3))).toEqual(Float32Array.of(-1, -2, -3));
  });

  test.each<[what: string, text: string]>([
    ['weights in the file', '(data (i32.const 8) "abc") (data (i32.const 2) "\\00\\ff")'],
    ['a start', '(func $s (i32.store8 (i32.const 4) (i32.const 9))) (start $s) (data (i32.const 4) "abc")'],
    ['passive data', '(data (i32.const 1) "abc") (data "unused")'],
    [
      'more code than is read at once',
      `(func ${'(drop (i32.const 7))'.repeat(30_000)}) (data (i32.const 3) "xyz")`,
    ],
    ['no data', ''],
  ])('a path gives the same memory as bytes: %s', async (_, text) => {
    const parsed = (await createWabt()).parseWat('m.wat', `(module (memory (export "memory") 1) ${text})`, {
      bulk_memory: true,
    });
    const plain = parsed.toBinary({}).buffer;
    parsed.destroy();
    const note = customSection('note', Uint8Array.of(1, 2, 3));
    for (const behind of [new Uint8Array(0), note]) {
      const bytes = withSections(plain, sixteenBytes, behind);
      const file = join(folder, 'other.wasm');
      writeFileSync(file, bytes);
      const [a, b] = [await load('one', bytes), await load('one', file)];
      expect(b.outputs.y).toEqual(a.outputs.y);
    }
  });

  test.each([1, 2, 3])('refuses a file whose weights are cut off by %i bytes', async (missing) => {
    const text =
      '(module (memory (export "memory") 1) (data (i32.const 8) "abc") (data (i32.const 40) "xyz"))';
    const parsed = (await createWabt()).parseWat('m.wat', text);
    const file = join(folder, 'cut.wasm');
    writeFileSync(file, parsed.toBinary({}).buffer.subarray(0, -missing));
    parsed.destroy();
    await expect(load('one', file)).rejects.toThrow(WebAssembly.CompileError);
  });

  test.each([0, 4, 9, 200])('refuses a file cut off after %i bytes', async (length) => {
    const file = join(folder, 'short.wasm');
    writeFileSync(file, wasm.subarray(0, length));
    await expect(load('one', file)).rejects.toThrow(WebAssembly.CompileError);
  });

  test('says what is no module', async () => {
    await expect(load('one', `${base}/text%2Fplain/404`)).rejects.toThrow('HTTP status 404');
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    await expect(load('one', empty)).rejects.toThrow('no espalier section');
  });
});

test('cjs: what is required loads the module beside it', async () => {
  const required = createRequire(import.meta.url)(join(folder, 'one_cjs.cjs'));
  expect(Object.keys(required)).toEqual(['EspalierInputError', 'load']);
  expect((await required.load()).run(Float32Array.of(1, 2, 3))).toEqual(Float32Array.of(-1, -2, -3));
});
