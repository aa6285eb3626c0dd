/** Runs specs of tfjs-core twice: to see which kernels they call, then with those kernels compiled. */
import type { Tensor } from '../../../compiler/ir/tensor.ts';
import { type Answer, backendName, type Call, registerBackend } from './backend.ts';
import { loadBundle } from './bundle.ts';
import { disagreement } from './compare.ts';
import { createJasmine, type Hooks, type Jasmine } from './jasmine.ts';
import { helpers, translations } from './kernels/index.ts';
import { type Compiled, compileCalls, keyOf, type Options } from './modules.ts';

export interface Outcome {
  /** Absent: every kernel that counts ran compiled, agreed with the cpu backend and the spec held. */
  readonly failure?: string;
  /** Kernels that ran compiled, with repetition. */
  readonly kernels: readonly string[];
  /** Weight formats that ran. */
  readonly formats: ReadonlySet<string>;
}

export interface Suite {
  /** Outcomes by `file: description`, of specs that call any kernel that counts. */
  run(options: Options, accept?: (name: string) => boolean): Promise<Map<string, Outcome>>;
}

/** Gradients, errors, strings and complex numbers are no inference. */
const foreign = /grad|derivative|backprop|throw|string|complex/i;

const nobody: Answer = { compute: () => undefined, foreign() {} };

export async function createSuite(files: readonly string[]): Promise<Suite> {
  const jasmine = createJasmine();
  const bundle = await loadBundle(files, jasmine);
  let answer = nobody;
  registerBackend(bundle.tf, () => answer);
  bundle.setTestEnvs([{ name: backendName, backendName, isDataSync: true }]);
  const describe = jasmine.globals.describe as (name: string, body: () => void) => void;
  for (const file of files) describe(`${file}:`, bundle.declare[file]);
  return {
    async run(options, accept = () => true) {
      const wanted = (full: string) => !foreign.test(full) && accept(nameOf(full));
      const calls = new Map<string, Call>();
      answer = collector(calls);
      await seeded(jasmine, wanted, { started() {}, done() {} });
      const executor = new Executor(await compileCalls(bundle.tf, calls, options));
      answer = executor;
      await seeded(jasmine, wanted, executor);
      answer = nobody;
      return executor.outcomes;
    },
  };
}

/** Without the words of the test environment. */
const nameOf = (full: string) => full.replace(` ${backendName} {}`, '');

const collector = (calls: Map<string, Call>): Answer => ({
  compute(call, reference) {
    // Throws where the spec wants an error.
    reference();
    if (translations.has(call.kernel)) calls.set(keyOf(call), call);
    return undefined;
  },
  foreign() {},
});

class Executor implements Answer, Hooks {
  readonly outcomes = new Map<string, Outcome>();
  readonly #compiled: ReadonlyMap<string, Compiled | string>;
  #kernels: string[] = [];
  #formats = new Set<string>();
  #trouble: string | undefined;

  constructor(compiled: ReadonlyMap<string, Compiled | string>) {
    this.#compiled = compiled;
  }

  compute(call: Call, reference: () => readonly Tensor[]): readonly Tensor[] | undefined {
    if (helpers.has(call.kernel)) return undefined;
    const want = reference();
    const entry = translations.has(call.kernel) ? this.#compiled.get(keyOf(call)) : 'is not translated';
    if (entry === undefined || typeof entry === 'string') {
      this.#trouble ??= `${call.kernel}: ${entry ?? 'called with other weights each time'}`;
      return undefined;
    }
    this.#kernels.push(call.kernel);
    for (const f of entry.formats) this.#formats.add(f);
    const got = entry.run(call);
    const reason = disagreement(got, want);
    if (reason) this.#trouble ??= `${call.kernel}: ${reason}`;
    return got;
  }

  foreign(kernel: string): void {
    if (!helpers.has(kernel)) this.#trouble ??= `${kernel}: strings or complex numbers`;
  }

  started(): void {
    this.#kernels = [];
    this.#formats = new Set();
    this.#trouble = undefined;
  }

  done(full: string, failure: string | undefined): void {
    if (this.#kernels.length === 0 && this.#trouble === undefined) return;
    const outcome = { failure: this.#trouble ?? failure, kernels: this.#kernels, formats: this.#formats };
    // Some specs of a file share their name.
    let name = nameOf(full);
    for (let n = 2; this.outcomes.has(name); n++) name = `${nameOf(full)} (${n})`;
    this.outcomes.set(name, outcome);
  }
}

/** The same random numbers in every spec of every run. */
async function seeded(jasmine: Jasmine, wanted: (name: string) => boolean, hooks: Hooks): Promise<void> {
  const { random } = Math;
  let state = 1;
  Math.random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  try {
    await jasmine.run(wanted, {
      started(name) {
        state = 1;
        hooks.started(name);
      },
      done: (name, failure) => hooks.done(name, failure),
    });
  } finally {
    Math.random = random;
  }
}
