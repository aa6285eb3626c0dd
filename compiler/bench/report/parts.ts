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
