import { type Content, type Markup, markup } from '../markup.ts';
import { style } from '../style.ts';

/** One HTML page that needs nothing else: no script, no network, both themes. */
export function htmlPage(title: string, content: Content): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${title}</title>
<style>${styleSheet}</style>
</head>
<body>
<main>
${content}</main>
</body>
</html>
`.text;
}

const styleSheet = trusted(style);

/** Our own text, not to be escaped. */
function trusted(text: string): Markup {
  return markup(Object.assign([text], { raw: [text] }) as unknown as TemplateStringsArray);
}
