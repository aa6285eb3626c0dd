/**
 * Loads asc. As it is published, Binaryen keeps 9 MB of WebAssembly inside of a JavaScript string, and takes a second to read
 * it; unpacked, it takes a fifth of that. So the first run unpacks asc and Binaryen inside of asc's package, where that can be
 * written to; a new version of the package comes without it.
 *
 *     node_modules/assemblyscript/.cache/espalier/
 *       asc.js  assemblyscript.js    as published, but that they import each other and Binaryen from here
 *       binaryen.js                  without the contents of its string
 *       binaryen.wasm                what the string held
 *
 * Plain JavaScript, as `asc-thread.js` is.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const asc = fileURLToPath(import.meta.resolve('assemblyscript/asc'));
const published = {
  asc,
  assemblyscript: join(dirname(asc), 'assemblyscript.js'),
  binaryen: createRequire(asc).resolve('binaryen'),
};

/** asc's API, from the cache where there is one; makes one where there is none. */
export async function loadAsc(folder = join(dirname(dirname(published.asc)), '.cache', 'espalier')) {
  if (existsSync(folder)) {
    try {
      return await fromFolder(folder);
    } catch {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const { result, bytes } = await watched(() => import('assemblyscript/asc'));
  if (bytes) unpack(folder, bytes);
  return result.default;
}

async function fromFolder(folder) {
  const { result } = await watched(
    () => import(pathToFileURL(join(folder, 'asc.js')).href),
    () => readFileSync(join(folder, 'binaryen.wasm')),
  );
  return result.default;
}

/** Binaryen is the one module of over a megabyte that loads meanwhile, or, without its string, the one of no bytes. */
async function watched(load, empty) {
  const { instantiate } = WebAssembly;
  let bytes;
  WebAssembly.instantiate = (source, imports) => {
    if (source.byteLength > 1 << 20) bytes = source;
    return instantiate(source.byteLength === 0 && empty ? empty() : source, imports);
  };
  try {
    return { result: await load(), bytes };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

/** Whole or not at all: made aside and renamed. Where it can't be made, asc just loads slowly. */
function unpack(folder, bytes) {
  let aside;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    aside = mkdtempSync(`${folder}-`);
    const write = (name, content) => writeFileSync(join(aside, name), content);
    const text = (path) => readFileSync(path, 'utf8');
    const local = (source) => source.replace(/(from\s*)"(binaryen|assemblyscript)"/g, '$1"./$2.js"');
    write('asc.js', local(text(published.asc)));
    write('assemblyscript.js', local(text(published.assemblyscript)));
    write('binaryen.js', emptied(text(published.binaryen)));
    write('binaryen.wasm', bytes);
    renameSync(aside, folder);
  } catch {
    if (aside) rmSync(aside, { recursive: true, force: true });
  }
}

/** The source with the string that starts with the magic of WebAssembly empty. */
function emptied(source) {
  const start = source.indexOf('\\0asm');
  const quote = source[start - 1];
  let end = start;
  while (source[end] !== quote) end += source[end] === '\\' ? 2 : 1;
  return source.slice(0, start) + source.slice(end);
}
