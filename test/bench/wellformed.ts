/** Elements of a page that keeps the rules of XML, in order. Throws where tags, quotes or entities are out of order. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Its own text and that of the elements inside. */
  text: string;
}

const tag = /<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/y;
const entities: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

export function parse(page: string): Element[] {
  const elements: Element[] = [];
  const open: Element[] = [];
  let at = page.startsWith('<!doctype html>') ? '<!doctype html>'.length : 0;
  while (at < page.length) {
    if (page[at] !== '<') {
      const end = page.indexOf('<', at);
      const text = decoded(page.slice(at, end < 0 ? page.length : end));
      for (const element of open) element.text += text;
      at = end < 0 ? page.length : end;
      continue;
    }
    tag.lastIndex = at;
    const match = tag.exec(page);
    if (!match) throw new Error(`not a tag: ${page.slice(at, at + 80)}`);
    at = tag.lastIndex;
    const [, closing, name, attributes, selfClosing] = match;
    if (closing) {
      const last = open.pop();
      if (last?.name !== name) throw new Error(`</${name}> closes <${last?.name}>`);
      continue;
    }
    const element = { name, attributes: attributesOf(attributes), text: '' };
    elements.push(element);
    if (!selfClosing) open.push(element);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)!.name}> is left open`);
  return elements;
}

function attributesOf(source: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of source.matchAll(/([\w:-]+)="([^"]*)"/g)) {
    if (name in attributes) throw new Error(`${name} is given twice`);
    attributes[name] = decoded(value);
  }
  return attributes;
}

const decoded = (text: string) =>
  text.replace(/&[^;]{0,8};?/g, (entity) => {
    if (!(entity in entities)) throw new Error(`bare ampersand: ${entity}`);
    return entities[entity];
  });
