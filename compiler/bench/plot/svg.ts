import { type Content, type Markup, markup } from '../markup.ts';

/** What every plot says of itself to those who can't see it. `id` is unique on the page. */
export interface Caption {
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

export const plotWidth = 988;
export const fontSize = 13;

/** Colours are classes of the page's style sheet, so that a plot follows the reader's theme. */
export function svg(caption: Caption, width: number, height: number, content: Content): Markup {
  const { id, title, description } = caption;
  return markup`<svg class="plot" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-description" xmlns="http://www.w3.org/2000/svg">
<title id="${id}-title">${title}</title><desc id="${id}-description">${description}</desc>
${content}</svg>
`;
}

/** Width of a line of text, roughly, for a proportional font: a guess on the safe side. */
export function textWidth(text: string, size = fontSize): number {
  let em = 0;
  for (const letter of text) {
    if (/[\u1100-\u11FF\u2E80-\uFFEF\p{Extended_Pictographic}]/u.test(letter)) em += 1.05;
    else if (/[A-ZMW%@mw—]/.test(letter)) em += 0.82;
    else if (/[ijlrtfI.,:;|()' ]/.test(letter)) em += 0.4;
    else em += 0.61;
  }
  return em * size;
}

/** A vertical hairline from `y0` to `y1`. */
export const gridLine = (x: number, y0: number, y1: number) =>
  markup`<line class="grid" x1="${x}" x2="${x}" y1="${y0}" y2="${y1}"/>`;

/** A bar from `x0` to the right, its far end rounded. */
export function bar(tone: string, x0: number, y: number, width: number, height: number): Markup {
  const r = Math.min(2, width);
  const straight = width - r;
  return markup`<path class="${tone}" d="M${x0},${y}h${straight}q${r},0 ${r},${r}v${height - 2 * r}q0,${r} ${-r},${r}h${-straight}z"/>`;
}

/** A whisker from `x0` to `x1`, centred on `y`. */
export const whisker = (x0: number, x1: number, y: number) =>
  markup`<path class="whisker" d="M${x0},${y - 3.5}v7M${x0},${y}H${x1}M${x1},${y - 3.5}v7"/>`;
