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
  const module = await moduleOf(await source);
  const [section] = WebAssembly.Module.customSections(module, 'espalier');
  if (!section) throw new TypeError('the module has no espalier section');
  const metadata = JSON.parse(new TextDecoder().decode(section));
  return new Model((await WebAssembly.instantiate(module)).exports, metadata);
}

async function moduleOf(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === 'string' || source instanceof URL) return moduleAt(source);
  if (typeof source?.arrayBuffer !== 'function') return WebAssembly.compile(source);
  if (source.ok === false) throw new Error(`${source.url}: HTTP status ${source.status}`);
  const streams = /^application\/wasm$/i.test(source.headers?.get('content-type'));
  return streams && WebAssembly.compileStreaming
    ? WebAssembly.compileStreaming(source)
    : WebAssembly.compile(await source.arrayBuffer());
}

async function moduleAt(place) {
  const scheme = /^[a-z][a-z0-9+.-]+:/i.exec(place)?.[0];
  const local = scheme === 'file:' || (!scheme && globalThis.process?.versions?.node);
  if (!local) return moduleOf(await fetch(place));
  // A variable, so that bundlers for the browser don't look for it.
  const name = 'node:fs/promises';
  const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  return WebAssembly.compile(await readFile(scheme ? new URL(place) : place));
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
