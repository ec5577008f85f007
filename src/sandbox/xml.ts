export type Element = { name: string; attributes: Record<string, string>; text: string; children: Element[] }

/**
 * A small strict XML reader, enough for TwiML: elements, attributes, text, CDATA, comments, declarations and the
 * predefined and numeric entities. Throws a SyntaxError where the document is not well formed.
 */
export function parseXml(source: string): Element {
  const text = source.replace(/^\uFEFF/, '')
  const root: Element = { name: '', attributes: {}, text: '', children: [] }
  const open: Element[] = [root]
  for (const [token, at] of tokens(text)) {
    const parent = open.at(-1)!
    if (!token.startsWith('<')) parent.text += decode(token)
    else if (token.startsWith('<![CDATA[')) parent.text += token.slice(9, -3)
    else if (token.startsWith('<!') || token.startsWith('<?')) continue
    else if (token.startsWith('</')) close(open, token, at)
    else start(open, token, at)
  }
  if (open.length > 1) throw new SyntaxError(`<${open.at(-1)!.name}> is not closed`)
  const [element, ...more] = root.children
  if (!element || more.length > 0 || root.text.trim() !== '')
    throw new SyntaxError('a document has exactly one root element')
  return element
}

const pieces = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<![^>]*>|<(?:[^<>"']|"[^"]*"|'[^']*')*>|[^<]+/y

function* tokens(text: string): Generator<[token: string, at: number]> {
  for (let at = 0; at < text.length; ) {
    pieces.lastIndex = at
    const token = pieces.exec(text)?.[0]
    if (token === undefined) throw new SyntaxError(`unexpected "<" at ${at}`)
    yield [token, at]
    at += token.length
  }
}

function start(open: Element[], token: string, at: number): void {
  const match = /^<([A-Za-z_][\w.:-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>$/.exec(token)
  if (!match) throw new SyntaxError(`malformed tag at ${at}`)
  const [, name = '', attributes = '', selfClosing] = match
  const element: Element = { name, attributes: readAttributes(attributes, at), text: '', children: [] }
  open.at(-1)!.children.push(element)
  if (!selfClosing) open.push(element)
}

function close(open: Element[], token: string, at: number): void {
  const name = /^<\/([A-Za-z_][\w.:-]*)\s*>$/.exec(token)?.[1]
  if (open.length === 1 || open.at(-1)!.name !== name) throw new SyntaxError(`unexpected ${token} at ${at}`)
  open.pop()
}

function readAttributes(text: string, at: number): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [, name = '', double, single] of text.matchAll(/([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    if (name in attributes) throw new SyntaxError(`attribute ${name} twice at ${at}`)
    attributes[name] = decode(double ?? single ?? '')
  }
  return attributes
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decode(text: string): string {
  return text.replace(/&([^;\s]*;?)/g, (whole, body: string) => {
    const name = body.endsWith(';') ? body.slice(0, -1) : ''
    const numeric = /^#(?:x([0-9a-fA-F]+)|(\d+))$/.exec(name)
    const point = numeric ? Number.parseInt(numeric[1] ?? numeric[2] ?? '', numeric[1] ? 16 : 10) : undefined
    const character = point === undefined ? named[name] : point <= 0x10ffff ? String.fromCodePoint(point) : undefined
    if (character === undefined) throw new SyntaxError(`unknown entity ${whole}`)
    return character
  })
}
