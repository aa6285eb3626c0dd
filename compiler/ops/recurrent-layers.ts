/** Keras recurrent layers and the layers that wrap others. Keras time is [N, T, features], the operators' [T, N, features]. */
import type { Attrs, LayerContext, ValueId } from './define.ts';
import { type CellActivation, cellActivation } from './recurrent-activation.ts';
import { range } from './spatial.ts';

type Settings = Readonly<Record<string, unknown>>;

export const readLstm = (c: LayerContext) =>
  recurrent(
    c,
    'lstm',
    2,
    {},
    [bias(c)],
    [
      activation(c, 'recurrent_activation', 'sigmoid'),
      activation(c, 'activation', 'tanh'),
      activation(c, 'activation', 'tanh'),
    ],
  );

/** With `reset_after`, bias is [2, 3H]: that of the input, then that of the recurrence. */
export function readGru(c: LayerContext) {
  const both = bias(c);
  const rows = both === null ? [] : c.b.shape(both);
  const part = (row: number) =>
    c.one('reshape', [c.one('slice', [both], { starts: [row, 0], sizes: [1, rows[1]], steps: [1, 1] })], {
      shape: [rows[1]],
    });
  const biases = rows.length === 2 ? [part(0), part(1)] : [both, null];
  return recurrent(c, 'gru', 1, { resetAfter: c.config.bool('reset_after', false) }, biases, [
    activation(c, 'recurrent_activation', 'sigmoid'),
    activation(c, 'activation', 'tanh'),
  ]);
}

export const readSimpleRnn = (c: LayerContext) =>
  recurrent(c, 'simpleRnn', 1, {}, [bias(c)], [activation(c, 'activation', 'tanh')]);

/** RNN over one cell, or over StackedRNNCells: layer behind layer. */
export function readRnn(c: LayerContext): readonly ValueId[] {
  const cell = settings(c.config.raw('cell'));
  const stacked = cell?.class_name === 'StackedRNNCells';
  const cells = stacked ? (settings(cell.config)?.cells as unknown[]) : [cell];
  if (!Array.isArray(cells) || cells.length === 0) return c.malformed('RNN has no cell');
  const states = c.config.bool('return_state', false);
  const sequences = c.config.bool('return_sequences', false);
  const backwards = c.config.bool('go_backwards', false);
  if (cells.length > 1 && (states || c.inputs.length > 1)) return c.unsupported('states of stacked cells');
  let inputs = c.inputs;
  cells.forEach((spec, i) => {
    const { class_name: name, config } = settings(spec) ?? {};
    const layer = { LSTMCell: 'LSTM', GRUCell: 'GRU', SimpleRNNCell: 'SimpleRNN' }[String(name)];
    if (!layer) c.unsupported(`cell ${JSON.stringify(name)}`);
    inputs = c.layer({ class_name: layer, config }, inputs, {
      return_sequences: sequences || i < cells.length - 1,
      return_state: states,
      go_backwards: backwards && i === 0,
      stateful: c.config.bool('stateful', false),
    });
  });
  return inputs as readonly ValueId[];
}

/** The layer twice, forwards and backwards in time, merged. */
export function readBidirectional(c: LayerContext): readonly ValueId[] {
  const forward = settings(c.config.raw('layer'));
  const backward = c.config.has('backward_layer') ? settings(c.config.raw('backward_layer')) : forward;
  const inner = settings(forward?.config);
  if (!forward || !backward || !inner) return c.malformed('Bidirectional has no layer');
  const given = c.inputs.slice(1);
  const half = given.length / 2;
  const own = backward !== forward;
  const name = (prefix: string, layer: Settings) => {
    const plain = String(settings(layer.config)?.name ?? '');
    return plain.startsWith(prefix) ? plain : `${prefix}${plain.replace(/^forward_/, '')}`;
  };
  const [y, ...states] = c.layer(forward, [c.input(0), ...given.slice(0, half)], {
    name: name('forward_', forward),
  });
  const [z, ...others] = c.layer(backward, [c.input(0), ...given.slice(half)], {
    name: own ? settings(backward.config)?.name : name('backward_', backward),
    go_backwards: own ? settings(backward.config)?.go_backwards : inner.go_backwards !== true,
  });
  // A layer that goes backwards gives its last time first.
  const back = inner.return_sequences === true ? backwardsInTime(c, z) : z;
  const mode = c.config.has('merge_mode') ? c.config.str('merge_mode') : null;
  const merged = {
    concat: () => [c.one('concat', [y, back], { axis: -1 })],
    sum: () => [c.one('add', [y, back])],
    ave: () => [c.one('mul', [c.one('add', [y, back]), c.b.scalar(0.5)])],
    mul: () => [c.one('mul', [y, back])],
    null: () => [y, back],
  }[String(mode)];
  if (!merged) return c.unsupported(`merge_mode ${JSON.stringify(mode)}`);
  return [...merged(), ...states, ...others];
}

/** The layer at every time: times become batch. */
export function readTimeDistributed(c: LayerContext): ValueId {
  const x = c.input(0);
  const [n, t, ...rest] = c.b.shape(x);
  const folded = c.one('reshape', [x], { shape: [n * t, ...rest] });
  const [y] = c.layer(c.config.raw('layer'), [folded]);
  const [, ...out] = c.b.shape(y);
  return c.one('reshape', [y], { shape: [n, t, ...out] });
}

function recurrent(
  c: LayerContext,
  kind: string,
  states: number,
  extra: Attrs,
  biases: readonly (ValueId | null)[],
  activations: readonly CellActivation[],
): readonly ValueId[] {
  const { config } = c;
  const timeMajor = config.bool('time_major', false);
  const turn = (id: ValueId) => (timeMajor ? id : c.one('transpose', [id], { perm: [1, 0, 2] }));
  const w = c.one('transpose', [c.weight('kernel')], { perm: [1, 0] });
  const r = c.one('transpose', [c.weight('recurrent_kernel')], { perm: [1, 0] });
  const sequence = config.bool('return_sequences', false);
  const reverse = config.bool('go_backwards', false);
  const initial = range(0, states).map((i) => c.inputs[1 + i] ?? null);
  const made = c.node(kind, [turn(c.input(0)), w, r, ...biases, ...initial], {
    ...extra,
    reverse,
    sequence,
    stateful: config.bool('stateful', false),
    clip: 0,
    activations,
  });
  let y = sequence ? turn(made[states]) : made[0];
  if (sequence && reverse) y = backwardsInTime(c, y, timeMajor ? 0 : 1);
  return config.bool('return_state', false) ? [y, ...made.slice(0, states)] : [y];
}

const bias = (c: LayerContext) => (c.hasWeight('bias') ? c.weight('bias') : null);

function activation(c: LayerContext, key: string, fallback: string): CellActivation {
  const given = c.config.has(key) ? c.config.raw(key) : fallback;
  const name = typeof given === 'string' ? given : settings(given)?.config;
  const found = typeof name === 'string' ? cellActivation(name) : undefined;
  return found ?? c.unsupported(`${key} ${JSON.stringify(given)} in a recurrent layer`);
}

function backwardsInTime(c: LayerContext, x: ValueId, axis = 1): ValueId {
  const shape = c.b.shape(x);
  return c.one('slice', [x], {
    starts: shape.map((d, i) => (i === axis ? d - 1 : 0)),
    sizes: shape,
    steps: shape.map((_, i) => (i === axis ? -1 : 1)),
  });
}

const settings = (value: unknown): Settings | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : undefined;
