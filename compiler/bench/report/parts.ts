import { type Content, type Markup, markup } from '../markup.ts';

export function section(title: string, lead: string, content: Content): Markup {
  return markup`<section>
<h2>${title}</h2>
<p>${lead}</p>
${content}</section>
`;
}

export const card = (content: Content) => markup`<div class="card">
${content}</div>
`;

export interface TableColumn<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string | undefined;
  /** Class of its cells: `text` is set left. */
  readonly look?: string;
}

export function dataTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  look?: (row: Row) => string,
): Markup {
  return markup`<div class="card table">
<table>
<thead><tr>${columns.map((c) => markup`<th scope="col"${classed(c.look)}>${c.head}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (
    row,
  ) => markup`<tr${classed(look?.(row))}>${columns.map((c) => markup`<td${classed(c.look)}>${c.cell(row)}</td>`)}</tr>
`,
)}</tbody>
</table>
</div>
`;
}

const classed = (name: string | undefined) => name !== undefined && markup` class="${name}"`;

export const list = (record: Readonly<Record<string, unknown>>) =>
  Object.entries(record)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');

/** Names and what is known of them; what is empty is left out. */
export const facts = (rows: readonly (readonly [name: string, value: Content])[]) =>
  card(markup`<dl class="facts">
${rows.map(
  ([name, value]) =>
    value !== undefined &&
    value !== '' &&
    markup`<dt>${name}</dt><dd>${value}</dd>
`,
)}</dl>
`);

export function notes(notes: readonly string[]): Content {
  if (notes.length === 0) return undefined;
  return markup`<section>
<h2>Notes</h2>
<ul class="notes">
${notes.map(
  (note) => markup`<li>${note}</li>
`,
)}</ul>
</section>
`;
}
