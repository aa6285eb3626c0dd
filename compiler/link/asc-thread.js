/**
 * asc on a thread of its own: plain JavaScript, since a thread starts from a file that Node can run as it is. Takes an
 * `AscRequest`, answers with an `AscAnswer` (`asc.ts`), one after the other.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { loadAsc } from './asc-load.js';

const asc = await loadAsc();

const runtime = /^runtime\/[\w/.-]+\.ts$/;

async function compile({ id, args, sources, root }) {
  const outputs = new Map();
  const diagnostics = [];
  const readFile = (name) => {
    const given = sources.get(name);
    if (given !== undefined) return given;
    if (name !== 'asconfig.json' && !runtime.test(name)) return null;
    try {
      return readFileSync(join(root, name), 'utf8');
    } catch {
      return null;
    }
  };
  const { error, stderr } = await asc.main(args, {
    readFile,
    writeFile: (name, data) => void outputs.set(name, data),
    listFiles: () => [],
    reportDiagnostic: (d) => {
      const at = d.range ? ` (${d.range.source?.normalizedPath ?? ''}:${d.range.start})` : '';
      diagnostics.push(`${d.message}${at}`);
    },
  });
  const wasm = outputs.get('module.wasm');
  if (error || !(wasm instanceof Uint8Array)) {
    return { id, reasons: diagnostics.length > 0 ? diagnostics : [error?.message ?? stderr.toString()] };
  }
  // A copy: asc may hold on to the buffer, or to one far larger.
  return { id, wasm: new Uint8Array(wasm), text: outputs.get('module.wat') };
}

// asc keeps state between awaits: no two runs at once.
let last = Promise.resolve();
parentPort.on('message', (request) => {
  last = last.then(async () => {
    const answer = await compile(request).catch((e) => ({
      id: request.id,
      reasons: [String(e?.message ?? e)],
    }));
    parentPort.postMessage(answer);
  });
});
