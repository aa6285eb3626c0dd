// test/math/assemble.ts
import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
async function assemble(source, build, pages = 16) {
  const root = new URL("../../runtime/", import.meta.url);
  const out = /* @__PURE__ */ new Map();
  const flags = ["-O3", "--noAssert", "--runtime", "stub", "--initialMemory", String(pages)];
  const simd = build === "simd" ? ["--enable", "simd"] : [];
  const { error, stderr } = await asc.main(
    ["entry.ts", "-o", "out.wasm", ...flags, ...simd, "--use", "abort="],
    {
      readFile: (name) => {
        if (name === "entry.ts") return source;
        try {
          return readFileSync(new URL(name, root), "utf8");
        } catch {
          return null;
        }
      },
      writeFile: (name, data) => void out.set(name, data),
      listFiles: () => []
    }
  );
  if (error) throw new Error(`${error.message}
${stderr}
${source}`);
  const { instance } = await WebAssembly.instantiate(out.get("out.wasm"));
  const { memory, ...run } = instance.exports;
  return { memory, run };
}

// test/math/ulp.ts
var word = new Int32Array(1);
var single = new Float32Array(word.buffer);
function order(x) {
  single[0] = x;
  return word[0] < 0 ? -2147483648 - word[0] : word[0];
}
function ulps(got, want) {
  if (Number.isNaN(want)) return Number.isNaN(got) ? 0 : Number.POSITIVE_INFINITY;
  const rounded = Math.fround(want);
  if (!Number.isFinite(rounded) || !Number.isFinite(got)) return Math.abs(order(got) - order(rounded));
  const unit = 2 ** Math.max(Math.floor(Math.log2(Math.abs(want))) - 23, -149);
  return Math.abs(got - want) / unit;
}
var special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  1e-45,
  -1e-45,
  11754943e-45,
  -11754943e-45,
  117549435e-46,
  34028235e31,
  -34028235e31,
  Infinity,
  -Infinity,
  NaN,
  88.72284,
  88.7,
  -87.33655,
  -88.9,
  -103.97,
  -103.98,
  -104,
  -105,
  0.70710677,
  0.7071068,
  1.4142135,
  1.4142137,
  -0.99999994,
  0.99999994,
  1.0000001,
  2.5,
  3.5,
  -2.5,
  83886075e-1,
  16777216,
  1.5707964,
  3.1415927,
  0.34657359,
  -0.34657359
];
function stratified(count, rng2) {
  const out = new Float32Array(count);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < count; i++) bits[i] = (i % 512 << 23 | Math.floor(rng2.next() * 8388608)) >>> 0;
  out.set(special.slice(0, count));
  return out;
}

// compiler/ir/random.ts
function random(seed) {
  let mix = seed >>> 0;
  const word2 = () => {
    mix = mix + 2654435769 >>> 0;
    let t = mix ^ mix >>> 16;
    t = Math.imul(t, 569420461);
    t ^= t >>> 15;
    t = Math.imul(t, 1935289751);
    return (t ^ t >>> 15) >>> 0;
  };
  let [a, b, c, d] = [word2(), word2(), word2(), 1];
  const next = () => {
    const t = (a + b | 0) + d | 0;
    d = d + 1 | 0;
    a = b ^ b >>> 9;
    b = c + (c << 3) | 0;
    c = (c << 21 | c >>> 11) + t;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  return {
    next,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    int: (below) => Math.floor(next() * below),
    shuffle(list) {
      for (let i = list.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        [list[i], list[j]] = [list[j], list[i]];
      }
      return list;
    }
  };
}

// compiler/ir/special.ts
function erf(x) {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n2 = 1; Math.abs(term) > 1e-17 * sum && n2 < 200; n2++) {
      term *= -a * a / n2;
      sum += term / (2 * n2 + 1);
    }
    return Math.sign(x) * 2 * sum / Math.sqrt(Math.PI);
  }
  let f = 0;
  for (let n2 = 80; n2 > 0; n2--) f = n2 / 2 / (a + f);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + f)));
}

// ../../tmp/ops1-u.ts
var fns = { exp: Math.exp, expm1: Math.expm1, tanh: Math.tanh, sigmoid: (x) => 1 / (1 + Math.exp(-x)), log: Math.log, log1p: Math.log1p, softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), erf };
var only = process.argv[2]?.split(",") ?? Object.keys(fns);
var n = 1 << 22;
var xs = stratified(n, random(1));
var rng = random(3);
for (let i = n / 2; i < n; i++) xs[i] = (rng.next() - 0.5) * (i % 3 == 0 ? 220 : i % 3 == 1 ? 20 : 3);
var src = (simd) => `import {${only.map((f) => `f32_${f},${simd ? `f32x4_${f}` : ""}`)}} from './math';
${only.map((f) => `export function ${f}(p: usize, q: usize, n: i32): void { ${simd ? `for (let i=0;i<n;i+=4) v128.store(q+(i<<2), f32x4_${f}(v128.load(p+(i<<2))))` : `for (let i=0;i<n;i++) store<f32>(q+(i<<2), f32_${f}(load<f32>(p+(i<<2))))`} }`).join("\n")}`;
var s = await assemble(src(false), "scalar", 600);
var v = await assemble(src(true), "simd", 600);
for (const m of [s, v]) new Float32Array(m.memory.buffer, 65536, n).set(xs);
for (const f of only) {
  const q = 65536 + n * 4;
  const t = [];
  for (const m of [s, v]) {
    m.run[f](65536, q, 4096);
    const t0 = performance.now();
    m.run[f](65536, q, n);
    t.push((performance.now() - t0) * 1e6 / n);
  }
  const a = new Float32Array(s.memory.buffer, q, n), ab = new Int32Array(s.memory.buffer, q, n), bb = new Int32Array(v.memory.buffer, q, n);
  let worst = 0, at = 0, diff = 0, over2 = 0;
  for (let i = 0; i < n; i++) {
    const u = ulps(a[i], fns[f](xs[i]));
    if (u > worst) {
      worst = u;
      at = i;
    }
    if (u > 2) over2++;
    if (ab[i] !== bb[i] && a[i] === a[i]) diff++;
    if (i < 42 && u > 1) console.log(f, xs[i], a[i], fns[f](xs[i]));
    if (i < 42 && Object.is(xs[i], -0) && !Object.is(a[i], Math.fround(fns[f](-0)))) console.log("zero sign", f, a[i]);
  }
  console.log(f.padEnd(9), "worst", worst.toFixed(3), "at", xs[at], "over2", over2, "bitdiff", diff, "ns scalar", t[0].toFixed(2), "simd", t[1].toFixed(2));
}
