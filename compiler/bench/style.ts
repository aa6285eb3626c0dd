/** The style sheet of the report: two themes, by what the reader prefers. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfbf9; --card: #ffffff; --text: #1d2420; --quiet: #66706a; --line: #e4e6e1; --grid: #d9dcd6;
  --sparse: #2f7d4f; --sparse-1: #6fa985; --sparse-2: #abcdb8;
  --dense: #4f6d8f; --dense-1: #8aa0b9; --dense-2: #bccad9;
  --reference: #8b8f8c; --reference-1: #b0b4b1; --reference-2: #d2d5d2;
  --baseline: #b08a4a; --baseline-1: #ccb184; --baseline-2: #e3d3b8;
  --series-0: #2f7d4f; --series-1: #b5562f; --series-2: #3f6fa8; --series-3: #8a5a9e; --series-4: #9a7b16; --series-5: #5f6b66;
  --ghost: #e3e6e1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141715; --card: #1b1f1c; --text: #e6eae7; --quiet: #98a29c; --line: #2b312d; --grid: #363d38;
    --sparse: #62b583; --sparse-1: #47855f; --sparse-2: #335e45;
    --dense: #7fa3cb; --dense-1: #5b7694; --dense-2: #405367;
    --reference: #8f9591; --reference-1: #6b706d; --reference-2: #4c504d;
    --baseline: #cba765; --baseline-1: #947a4b; --baseline-2: #675638;
    --series-0: #62b583; --series-1: #e08a63; --series-2: #7fa8dc; --series-3: #bd93d0; --series-4: #cdb04e; --series-5: #9aa5a0;
    --ghost: #2d332f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1080px; margin: 0 auto; padding: 48px 24px 64px; }
header p { margin: 0; color: var(--quiet); }
h1 { margin: 2px 0 6px; font-size: 30px; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 18px; font-weight: 650; letter-spacing: -0.005em; }
section { margin-top: 44px; }
section > p { margin: 0 0 16px; color: var(--quiet); max-width: 72ch; }
h3 { margin: 20px 0 8px; font-size: 14px; font-weight: 600; color: var(--quiet); }
code { font: 0.9em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }

.figures { display: flex; flex-wrap: wrap; gap: 1px; margin: 28px 0 0; padding: 0;
  background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.figures div { flex: 1 1 170px; background: var(--card); padding: 16px 18px 14px; }
.figures dt { color: var(--quiet); font-size: 13px; }
.figures dd { margin: 0; }
.figures .figure { font-size: 27px; line-height: 1.3; font-weight: 650; letter-spacing: -0.02em; }
.figures .figure.good { color: var(--sparse); }
.figures .context { color: var(--quiet); font-size: 13px; line-height: 1.4; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; overflow-x: auto; }
.card + .card { margin-top: 16px; }
.card.table { padding: 4px 0; }

table { border-collapse: collapse; width: 100%; font-size: 13.5px; white-space: nowrap; }
th, td { padding: 8px 8px; text-align: right; vertical-align: baseline; }
th:first-child, td:first-child { padding-left: 20px; text-align: left; }
th:last-child, td:last-child { padding-right: 20px; }
th { font-weight: 500; color: var(--quiet); font-size: 12.5px; }
th.text, td.text { text-align: left; }
tbody tr { border-top: 1px solid var(--line); }
tr.sparse td { font-weight: 600; }
tr.sparse td:first-child { box-shadow: inset 3px 0 var(--sparse); }
tr.baseline td, td.quiet { color: var(--quiet); }
td:first-child { white-space: normal; min-width: 130px; max-width: 260px; overflow-wrap: anywhere; }
td:first-child, th:first-child { position: sticky; left: 0; background: var(--card); }
td.reason { white-space: normal; min-width: 330px; color: var(--quiet); }

.plot { display: block; overflow: visible; max-width: 100%; min-width: 680px; height: auto; font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif;
  font-variant-numeric: tabular-nums; }
.plot text { fill: var(--text); }
.plot .head, .plot .axis, .plot .detail { fill: var(--quiet); font-size: 12px; }
.plot .value { fill: var(--text); font-size: 12.5px; }
.plot .grid { stroke: var(--grid); stroke-width: 1; shape-rendering: crispEdges; }
.plot .rule { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 4 4; }
.plot .whisker { stroke: var(--text); stroke-width: 1.25; fill: none; opacity: 0.75; }
.plot .tick { stroke: var(--text); stroke-width: 1.75; }
.plot .ghost { fill: var(--ghost); }
${['sparse', 'dense', 'reference', 'baseline']
  .map(
    (tone) =>
      `.plot .${tone} { fill: var(--${tone}); } .plot .${tone}.shade1 { fill: var(--${tone}-1); } .plot .${tone}.shade2 { fill: var(--${tone}-2); }`,
  )
  .join('\n')}
.plot .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.plot .band { stroke: none; opacity: 0.14; }
.plot .dot { stroke: var(--card); stroke-width: 1.5; }
.plot .dot.chosen { stroke: var(--text); stroke-width: 2; }
.plot .frontier { fill: none; stroke: var(--quiet); stroke-width: 1.25; stroke-dasharray: 3 3; }
${[0, 1, 2, 3, 4, 5]
  .map(
    (i) =>
      `.plot .series${i} { fill: var(--series-${i}); } .plot .line.series${i} { fill: none; stroke: var(--series-${i}); } .plot text.series${i} { fill: var(--series-${i}); font-weight: 600; }`,
  )
  .join('\n')}

.facts { display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px; margin: 0; font-size: 14px; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
ul.notes { margin: 0; padding-left: 20px; }
ul.notes li { margin: 4px 0; overflow-wrap: anywhere; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 12px 0 0; color: var(--quiet); font-size: 13px; }

@media (max-width: 640px) {
  main { padding: 28px 14px 48px; }
  h1 { font-size: 24px; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: 10px; }
}
@media print {
  .card { break-inside: avoid; }
}
`;
