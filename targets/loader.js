const home = () => new URL('./model.wasm', import.meta.url);

const arrays = {
  float32: Float32Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

export class EspalierInputError extends TypeError {
  constructor(what, expected, got) {
    super(`${what}: expected ${expected}, got ${got}`);
    this.name = 'EspalierInputError';
    this.expected = expected;
    this.got = got;
  }
}

export async function load(source = home()) {
  const opened = await open(await source);
  const { module, instance } = opened instanceof WebAssembly.Module ? { module: opened } : opened;
  const [section] = WebAssembly.Module.customSections(module, 'espalier');
  if (!section) throw new TypeError('the module has no espalier section');
  const metadata = JSON.parse(new TextDecoder().decode(section));
  return new Model((instance ?? (await WebAssembly.instantiate(module))).exports, metadata);
}

async function open(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === 'string' || source instanceof URL) return openAt(source);
  if (typeof source?.arrayBuffer !== 'function') return WebAssembly.compile(source);
  if (source.ok === false) throw new Error(`${source.url}: HTTP status ${source.status}`);
  const streams = /^application\/wasm$/i.test(source.headers?.get('content-type'));
  return streams && WebAssembly.compileStreaming
    ? WebAssembly.compileStreaming(source)
    : WebAssembly.compile(await source.arrayBuffer());
}

async function openAt(place) {
  // A regular expression takes longer at first than opening the file.
  const scheme = place.protocol ?? (place[0] === '/' ? undefined : /^[a-z][a-z0-9+.-]+:/i.exec(place)?.[0]);
  const local = scheme === 'file:' || (!scheme && globalThis.process?.versions?.node);
  if (!local) return open(await fetch(place));
  // A variable, so that bundlers for the browser don't look for it.
  const name = 'node:fs';
  const fs =
    globalThis.process?.getBuiltinModule?.(name) ??
    (await import(/* webpackIgnore: true */ /* @vite-ignore */ name));
  const path = scheme && !place.protocol ? new URL(place) : place;
  const file = fs.openSync(path);
  try {
    return inPieces(fs, file) ?? WebAssembly.compile(fs.readFileSync(path));
  } finally {
    fs.closeSync(file);
  }
}

// Weights go from the file straight to where they are used: touching fresh memory, as copies of the module would, is most of what
// a first result costs. Nothing where the module isn't as the compiler leaves it: no start, and plain data behind all else.
function inPieces(fs, file) {
  let [head, known] = [new Uint8Array(65536), 0];
  const reach = (end) => {
    if (end > 16777216) return false;
    if (end > head.length) head = grown(head, 2 * end);
    for (let got = 1; known < end && got > 0; known += got) {
      const most = Math.min(head.length, Math.max(end, known + 16384));
      got = fs.readSync(file, head, known, most - known, known);
    }
    return known >= end;
  };
  let at = 8;
  while (reach(at + 2) && head[at] !== 11) {
    if (head[at] === 8 || head[at] === 12) return undefined;
    reach(at + 6);
    const [length, start] = number(head, at + 1);
    at = start + length;
  }
  const hasData = head[at] === 11;
  if (!hasData && at !== known) return undefined;
  const module = new WebAssembly.Module(head.subarray(0, at));
  const instance = new WebAssembly.Instance(module);
  if (!hasData) return { module, instance };
  const { memory } = instance.exports;
  reach(at + 32);
  const [size, from] = number(head, at + 1);
  const [segments, first] = number(head, from);
  let [next, place] = [head.subarray(first, first + 16), first];
  for (let i = 1; i <= segments; i++) {
    if (next[0] !== 0 || next[1] !== 65) return undefined;
    const [address, close] = number(next, 2);
    const [length, start] = number(next, close + 1);
    const bytes = new Uint8Array(memory.buffer, address, length);
    next = new Uint8Array(16);
    const beyond = fs.readvSync(file, [bytes, next], place + start) - length;
    if (beyond < 0 || (i === segments && beyond > 0)) return undefined;
    place += start + length;
  }
  return place === from + size ? { module, instance } : undefined;
}

function grown(bytes, length) {
  const all = new Uint8Array(length);
  all.set(bytes);
  return all;
}

// LEB128, and where it ends. No powers: V8 folds them by a library that nothing else has touched.
function number(bytes, at) {
  let value = 0;
  for (let unit = 1; ; unit *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * unit;
    if (!(byte & 128)) return [value, at];
  }
}

class Model {
  #exports;

  constructor(exports, metadata) {
    const views = (ports) =>
      Object.freeze(
        ports.reduce((all, { name, dtype, shape, offset }) => {
          const length = shape.reduce((n, d) => n * d, 1);
          all[name] = new arrays[dtype](exports.memory.buffer, offset, length);
          return all;
        }, Object.create(null)),
      );
    this.#exports = exports;
    this.metadata = metadata;
    this.inputs = views(metadata.inputs);
    this.outputs = views(metadata.outputs);
  }

  invoke() {
    const code = this.#exports.run();
    if (code !== 0) throw new Error(`run() failed with code ${code}`);
  }

  reset() {
    this.#exports.reset?.();
  }

  run(given) {
    const { inputs, outputs } = this.metadata;
    const bare = ArrayBuffer.isView(given) && inputs.length === 1;
    const values = bare ? { [inputs[0].name]: given } : given;
    const rows = this.#rows(values);
    const copies = outputs.map(({ name }) => {
      const view = this.outputs[name];
      return new view.constructor(view.length * rows);
    });
    for (let row = 0; row < rows; row++) {
      for (const { name } of inputs) {
        const view = this.inputs[name];
        view.set(values[name].subarray(row * view.length, (row + 1) * view.length));
      }
      this.invoke();
      outputs.forEach(({ name }, i) => {
        copies[i].set(this.outputs[name], row * this.outputs[name].length);
      });
    }
    if (bare && outputs.length === 1) return copies[0];
    return Object.fromEntries(outputs.map(({ name }, i) => [name, copies[i]]));
  }

  #rows(values) {
    const { inputs, outputs, stateful } = this.metadata;
    const known = inputs.map(({ name }) => name);
    const given = ArrayBuffer.isView(values) ? ['one array'] : Object.keys(values ?? {});
    if (given.length !== known.length || !given.every((name) => known.includes(name))) {
      throw new EspalierInputError('inputs', JSON.stringify(known), JSON.stringify(given));
    }
    const batches = !stateful && [...inputs, ...outputs].every(({ shape }) => shape[0] === 1);
    let rows = 1;
    inputs.forEach(({ name, shape }, i) => {
      const { length, [Symbol.toStringTag]: kind } = this.inputs[name];
      const value = values[name];
      const found = value?.[Symbol.toStringTag] ?? typeof value;
      if (batches && i === 0 && found === kind) rows = Math.max(1, Math.floor(value.length / length));
      if (found === kind && value.length === rows * length) return;
      throw new EspalierInputError(
        `input ${JSON.stringify(name)}`,
        `${kind} of ${rows * length}, ${rows} × [${shape}]`,
        found === kind ? `${found} of ${value.length}` : found,
      );
    });
    return rows;
  }
}
