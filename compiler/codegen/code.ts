/** Writes indented AssemblyScript. */
export class Code {
  readonly #lines: string[] = [];
  #depth = 0;

  line(text = ''): this {
    this.#lines.push(text === '' ? '' : '  '.repeat(this.#depth) + text);
    return this;
  }

  /** `head {` … `}` around what `body` writes. */
  block(head: string, body: () => void): this {
    this.line(`${head} {`);
    this.#depth++;
    body();
    this.#depth--;
    return this.line('}');
  }

  get depth(): number {
    return this.#depth;
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

/** Text for the body of a comment or of nothing else: names from models are hostile. */
export const safeComment = (text: string) =>
  text
    .replace(/[^\w .:;,/()[\]{}<>=+@%-]/g, '?')
    .replace(/\*\//g, '* /')
    .slice(0, 120);

/** A float32 literal that asc reads back to the same bits. */
export function f32Literal(value: number): string {
  if (Number.isNaN(value)) return 'f32.NaN';
  if (value === Number.POSITIVE_INFINITY) return 'f32.POSITIVE_INFINITY';
  if (value === Number.NEGATIVE_INFINITY) return 'f32.NEGATIVE_INFINITY';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}
