/** The guarded file reader: what it opens, and every way out of the folder that it must refuse. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ModelFiles, normalPath } from '../../compiler/import/files.ts';

const root = mkdtempSync(join(tmpdir(), 'espalier-files-'));
afterAll(() => rmSync(root, { recursive: true }));

const dir = join(root, 'model');
mkdirSync(join(dir, 'sub'), { recursive: true });
writeFileSync(join(root, 'secret.bin'), 'secret');
writeFileSync(join(dir, 'model.json'), '{"a": [1, 2]}');
writeFileSync(join(dir, 'w.bin'), Uint8Array.of(1, 2, 3));
writeFileSync(join(dir, 'sub', 'v.bin'), Uint8Array.of(4));
writeFileSync(join(dir, '%2e%2e'), 'a plain name');
symlinkSync('w.bin', join(dir, 'inside.bin'));
symlinkSync('../secret.bin', join(dir, 'outside.bin'));
symlinkSync(join(root, 'secret.bin'), join(dir, 'absolute.bin'));
symlinkSync('..', join(dir, 'up'));
symlinkSync('loop.bin', join(dir, 'loop.bin'));
symlinkSync('nowhere.bin', join(dir, 'broken.bin'));
symlinkSync('/dev/zero', join(dir, 'zero.bin'));
linkSync(join(root, 'secret.bin'), join(dir, 'hard.bin'));
execFileSync('mkfifo', [join(dir, 'pipe.bin')]);
mkdirSync(join(root, 'model-evil'));
writeFileSync(join(root, 'model-evil', 'x.bin'), 'x');
symlinkSync('../model-evil/x.bin', join(dir, 'sibling.bin'));
symlinkSync('model/model.json', join(root, 'link.json'));

const code = (f: () => unknown): string => {
  try {
    f();
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('paths as text', () => {
  test.each([
    ['', 'empty'],
    ['.', 'only a dot'],
    ['..', 'parent'],
    ['../secret.bin', 'up'],
    ['sub/../../secret.bin', 'down and up'],
    ['sub/../w.bin', 'down and up, inside'],
    ['/etc/passwd', 'absolute'],
    ['//host/share', 'network'],
    ['a//b', 'empty segment'],
    ['sub/', 'folder'],
    ['C:/x.bin', 'drive'],
    ['C:x.bin', 'drive-relative'],
    ['w.bin:stream', 'alternate stream'],
    ['..\\secret.bin', 'backslash'],
    ['\\\\host\\share', 'UNC'],
    ['w.bin\0.json', 'NUL'],
    ['w\n.bin', 'newline'],
    ['http://host/w.bin', 'http'],
    ['file:///etc/passwd', 'file URL'],
    ['data:,x', 'data URL'],
    ['CON', 'device'],
    ['sub/nul.bin', 'device with an extension'],
    ['a/'.repeat(3000), 'endless'],
  ])('%j is refused (%s)', (path) => {
    expect(code(() => normalPath(path))).toBe('E_PATH');
  });

  test('harmless paths become plain', () => {
    expect(normalPath('./a/./b.bin')).toBe('a/b.bin');
    expect(normalPath('group1-shard1of1')).toBe('group1-shard1of1');
    expect(normalPath('console.bin')).toBe('console.bin');
    expect(normalPath('..w')).toBe('..w');
  });
});

describe('on disk', () => {
  const files = ModelFiles.fromDisk(join(dir, 'model.json'));

  test('reads what lies in the folder', () => {
    expect(files.json('model.json')).toEqual({ a: [1, 2] });
    expect([...files.read('w.bin')]).toEqual([1, 2, 3]);
    expect([...files.read('./sub/v.bin')]).toEqual([4]);
    expect([...files.read('inside.bin')]).toEqual([1, 2, 3]);
    expect(files.size('w.bin')).toBe(3);
    expect(new TextDecoder().decode(files.read('%2e%2e'))).toBe('a plain name');
    expect(files.used.map((f) => f.path)).toEqual([
      'model.json',
      'w.bin',
      'sub/v.bin',
      'inside.bin',
      '%2e%2e',
    ]);
    expect(files.used[1]).toEqual({
      path: 'w.bin',
      bytes: 3,
      sha256: '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81',
    });
  });

  test.each([
    ['outside.bin', 'E_PATH'],
    ['absolute.bin', 'E_PATH'],
    ['sibling.bin', 'E_PATH'],
    ['up/secret.bin', 'E_PATH'],
    ['loop.bin', 'E_PATH'],
    ['zero.bin', 'E_PATH'],
    ['pipe.bin', 'E_PATH'],
    ['hard.bin', 'E_PATH'],
    ['sub', 'E_PATH'],
    ['../secret.bin', 'E_PATH'],
    ['broken.bin', 'E_TRUNCATED'],
    ['absent.bin', 'E_TRUNCATED'],
    ['w.bin/x', 'E_TRUNCATED'],
    [`${'x'.repeat(300)}.bin`, 'E_PATH'],
  ])('%s gives %s', (path, want) => {
    expect(code(() => files.read(path))).toBe(want);
    expect(code(() => files.size(path))).toBe(want);
    expect(code(() => files.has(path))).toBe(want === 'E_TRUNCATED' ? 'none' : want);
  });

  test('has', () => {
    expect(files.has('w.bin')).toBe(true);
    expect(files.has('absent.bin')).toBe(false);
  });

  test('the model file may be a link, or its folder', () => {
    expect(ModelFiles.fromDisk(join(root, 'link.json')).json('link.json')).toEqual({ a: [1, 2] });
    expect(ModelFiles.fromDisk(dir).main).toBe('model.json');
    expect(ModelFiles.fromDisk(join(dir, 'up', 'model')).read('w.bin').length).toBe(3);
  });

  test('the path of the user may fail', () => {
    expect(code(() => ModelFiles.fromDisk(join(root, 'absent.json')))).toBe('E_IO');
    expect(code(() => ModelFiles.fromDisk(join(dir, 'pipe.bin')).read('pipe.bin'))).toBe('E_PATH');
    expect(code(() => ModelFiles.fromDisk('/dev/zero').read('zero'))).toBe('E_PATH');
    expect(code(() => ModelFiles.fromDisk(join(dir, 'sub')).read('model.json'))).toBe('E_IO');
  });

  test('limits', () => {
    const small = ModelFiles.fromDisk(dir, { fileBytes: 2, jsonBytes: 5 });
    expect(code(() => small.read('w.bin'))).toBe('E_LIMIT');
    expect(code(() => small.json('model.json'))).toBe('E_LIMIT');
    writeFileSync(join(dir, 'huge.bin'), '');
    truncateSync(join(dir, 'huge.bin'), 2 ** 31 + 1);
    expect(code(() => files.read('huge.bin'))).toBe('E_LIMIT');
  });
});

describe('in memory', () => {
  const bytes = new TextEncoder().encode('{}');

  test('the only file, or model.json, is the model', () => {
    expect(ModelFiles.fromMemory({ 'x.json': bytes }).main).toBe('x.json');
    expect(ModelFiles.fromMemory({ 'model.json': bytes, w: bytes }).main).toBe('model.json');
    expect(ModelFiles.fromMemory({ a: bytes, b: bytes }, 'b').main).toBe('b');
    expect(code(() => ModelFiles.fromMemory({ a: bytes, b: bytes }))).toBe('E_USAGE');
    expect(code(() => ModelFiles.fromMemory({}))).toBe('E_USAGE');
    expect(code(() => ModelFiles.fromMemory({ a: 'text' as never }))).toBe('E_USAGE');
  });

  test('the same rules hold', () => {
    const files = ModelFiles.fromMemory({ 'model.json': bytes }, undefined, { fileBytes: 1 });
    expect(code(() => files.read('model.json'))).toBe('E_LIMIT');
    expect(code(() => files.read('../model.json'))).toBe('E_PATH');
    expect(code(() => files.read('absent'))).toBe('E_TRUNCATED');
    expect(code(() => files.read('toString'))).toBe('E_TRUNCATED');
    expect(code(() => ModelFiles.fromMemory({ '../x': bytes }))).toBe('E_PATH');
  });
});
