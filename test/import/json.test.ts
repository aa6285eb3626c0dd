/** Bounded JSON, names and the config accessor. */
import { describe, expect, test } from 'vitest';
import { checkName, JsonConfig, parseJson } from '../../compiler/import/json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const code = (f: () => unknown): string => {
  try {
    f();
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('parseJson', () => {
  test('takes plain JSON, brackets in strings too', () => {
    expect(parseJson(bytes(`{"a": ["${'['.repeat(500)}", "\\"]"]}`), {})).toEqual({
      a: ['['.repeat(500), '"]'],
    });
  });

  test.each([
    ['', 'E_FORMAT'],
    ['{"a":', 'E_FORMAT'],
    ['{"a": NaN}', 'E_FORMAT'],
    ['{"__proto__": {"x": 1}}', 'E_NAME'],
    ['[{"a": {"constructor": 1}}]', 'E_NAME'],
    ['{"\\u0070rototype": 1}', 'E_NAME'],
    ['['.repeat(100_000), 'E_LIMIT'],
    [`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`, 'E_LIMIT'],
  ])('%.40j gives %s', (text, want) => {
    expect(code(() => parseJson(bytes(text), {}))).toBe(want);
  });

  test('refuses what is no UTF-8', () => {
    expect(code(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), {}))).toBe('E_FORMAT');
  });
});

describe('checkName', () => {
  test.each(['conv2d_1', 'model/block 1/conv:0', 'onnx::Conv_12', 'élan', '名前', 'a.b-c'])(
    '%j is fine',
    (name) => {
      expect(checkName(name)).toBe(name);
    },
  );
  test.each([
    '',
    '__proto__',
    'constructor',
    'a*/b',
    '/* a',
    'a`b',
    '\u0024{a}',
    "a'b",
    'a"b',
    'a\\b',
    'a\nb',
    'a\u0000b',
    '\u001b[31m',
    'a\u2028b',
    'a\u202eb',
    '</script>',
    '<!--',
    'a\ud800b',
    'x'.repeat(5000),
  ])('%j is refused', (name) => {
    expect(code(() => checkName(name))).toBe('E_NAME');
  });
});

describe('JsonConfig', () => {
  const c = new JsonConfig(
    {
      n: 3,
      half: 0.5,
      big: 2 ** 40,
      list: [1, 2],
      tuple: { class_name: '__tuple__', items: [4, { class_name: '__tuple__', items: [5] }] },
      pair: { class_name: '__tuple__', items: [6, 7] },
      text: 'same',
      yes: true,
      nothing: null,
    },
    { node: 'n' },
  );

  test('reads what is there', () => {
    expect([c.int('n'), c.float('half'), c.str('text'), c.bool('yes')]).toEqual([3, 0.5, 'same', true]);
    expect(c.ints('n', 2)).toEqual([3, 3]);
    expect(c.ints('list')).toEqual([1, 2]);
    expect(c.ints('pair', 2)).toEqual([6, 7]);
    expect(c.raw('tuple')).toEqual([4, [5]]);
    expect(c.raw('toString')).toBeNull();
    expect([c.has('n'), c.has('nothing'), c.has('toString')]).toEqual([true, false, false]);
  });

  test('falls back where nothing is', () => {
    expect([c.int('nothing', 7), c.float('x', 0.1), c.str('x', 'a'), c.bool('nothing', false)]).toEqual([
      7,
      0.1,
      'a',
      false,
    ]);
    expect(c.ints('x', 2, [8, 9])).toEqual([8, 9]);
  });

  test.each<[string, () => unknown]>([
    ['missing', () => c.int('x')],
    ['no whole number', () => c.int('half')],
    ['too large', () => c.int('big')],
    ['no number', () => c.float('text', 1)],
    ['no text', () => c.str('n')],
    ['no truth value', () => c.bool('n')],
    ['no list', () => c.ints('text')],
    ['one number of unknown length', () => c.ints('n')],
    ['wrong length', () => c.ints('list', 3)],
    ['nested', () => c.ints('tuple')],
    ['tensor', () => c.tensor('list')],
  ])('%s gives E_FORMAT', (_name, f) => {
    expect(code(f)).toBe('E_FORMAT');
  });
});
