/** What holds for every recurrent cell. */
import { expect, test } from 'vitest';
import { GraphBuilder } from '../../compiler/ir/graph.ts';
import { type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { interpret, newMemory } from '../../compiler/plan/interpret.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { semantics } from '../../compiler/semantics/evaluate.ts';
import { close, evaluate, floats, refuses } from './run.ts';

export interface CellCase {
  readonly kind: string;
  readonly gates: number;
  /** Initial states, the last inputs. */
  readonly states: number;
  /** Biases between weights and states. */
  readonly biases: number;
  readonly attrs: Readonly<Record<string, unknown>>;
}

const [T, N, I, H] = [4, 2, 3, 5];

export function testCell(c: CellCase): void {
  const rows = c.gates * H;
  const weights = [floats([rows, I], 2), floats([rows, H], 3)];
  const biases = Array.from({ length: c.biases }, (_, i) => floats([rows], 4 + i));
  const x = floats([T, N, I]);
  const none = Array.from({ length: c.states }, () => null);
  const given = (t: Tensor, states: readonly (Tensor | null)[] = none) => [
    t,
    ...weights,
    ...biases,
    ...states,
  ];
  const attrs = { reverse: false, sequence: true, stateful: false, clip: 0, ...c.attrs };
  const times = (t: Tensor, from: number, to: number) =>
    tensor('float32', [to - from, ...t.shape.slice(1)], t.data.slice(from * N * I, to * N * I));

  test('running on from the final states is running through', () => {
    const whole = evaluate(c.kind, given(x), attrs);
    const half = evaluate(c.kind, given(times(x, 0, 2)), attrs);
    const rest = evaluate(c.kind, given(times(x, 2, T), half.slice(0, c.states)), attrs);
    for (let i = 0; i < c.states; i++) close(rest[i], whole[i], 1e-6);
  });

  test('backwards is forwards on reversed time', () => {
    const turned = evaluate('slice', [x], { starts: [T - 1, 0, 0], sizes: [T, N, I], steps: [-1, 1, 1] })[0];
    const a = evaluate(c.kind, given(x), { ...attrs, reverse: true });
    const b = evaluate(c.kind, given(turned), attrs);
    for (let i = 0; i < c.states; i++) close(a[i], b[i], 0);
    const y = a[c.states];
    const back = evaluate('slice', [y], { starts: [T - 1, 0, 0], sizes: [T, N, H], steps: [-1, 1, 1] })[0];
    close(back, b[c.states], 0);
  });

  test('state lives on from run to run', () => {
    const b = new GraphBuilder(semantics, 'stateful');
    const input = b.input('x', 'float32', [2, N, I]);
    const ids = [...weights, ...biases].map((t) => b.constant(t));
    b.output('h', b.node(c.kind, [input, ...ids, ...none], { ...attrs, stateful: true })[0]);
    const plan = lower(b.finish());
    const memory = newMemory(plan);
    interpret(plan, { x: times(x, 0, 2) }, memory);
    const { h } = interpret(plan, { x: times(x, 2, T) }, memory);
    close(h, evaluate(c.kind, given(x), attrs)[0], 1e-5);
    expect(plan.state.length).toBe(c.states);
  });

  test('what is refused', () => {
    const states = Array.from({ length: c.states }, () => floats([N, H]));
    refuses('E_SHAPE', c.kind, given(floats([T, I])), attrs);
    refuses('E_SHAPE', c.kind, given(floats([T, N, I + 1])), attrs);
    refuses('E_SHAPE', c.kind, [x, weights[0], floats([rows, H + 1])], attrs);
    refuses('E_SHAPE', c.kind, [x, ...weights, floats([rows + 1])], attrs);
    refuses('E_SHAPE', c.kind, given(x, [floats([N, H + 1]), ...states.slice(1)]), attrs);
    refuses('E_SHAPE', c.kind, given(x), { ...attrs, activations: [] });
    refuses('E_UNSUPPORTED', c.kind, given(x), attrs, [2]);
    refuses('E_UNSUPPORTED', c.kind, given(x, states), { ...attrs, stateful: true }, [0, 3 + c.biases]);
  });
}
