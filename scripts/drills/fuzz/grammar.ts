/** Draws that come out the same for the same seed. */
export type Draw = {
  /** Whole number from 0 to below `limit`. */
  below(limit: number): number
  chance(probability: number): boolean
  one<Value>(values: readonly Value[]): Value
}

export function drawsFrom(random: () => number): Draw {
  const below = (limit: number) => Math.floor(random() * limit)
  return { below, chance: (probability) => random() < probability, one: (values) => values[below(values.length)]! }
}

const ODD = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\r\nX-Injected: yes',
  '\t\n',
  '0',
  '-1',
  '1',
  '2',
  '3',
  '99999999',
  '2147483648',
  '9007199254740993',
  '9223372036854775808',
  '999999999999999',
  '1e309',
  'NaN',
  '0x10',
  '1;2',
  'null',
  'true',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '[object Object]',
  "' or 1=1 --",
  '"; drop table residents; --',
  '%',
  '_',
  '%00',
  '%zz',
  '%2e%2e%2f',
  '../../../../etc/passwd',
  '..\\..\\secret.key',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '{{7*7}}<%= 7*7 %>',
  '=HYPERLINK("http://evil.example","x")',
  '@SUM(1+1)*cmd|calc',
  '//evil.example/',
  'https://evil.example/',
  'javascript:alert(1)',
  '/\\evil.example',
  '0000-00-00',
  '0001-01-01',
  '2026-02-31',
  '2026-11-22',
  '2026-12-06',
  '9999-12-31',
  '10000-01-01',
  '-271821-04-20',
  '+275760-09-13',
  '2026-11-22T00:00:00Z',
  'محمد عبد الله',
  'สมชาย',
  '🌸👩‍👩‍👧',
  'a\u202Etxt.exe',
  '\ufeff',
  '\ufffd\ufffe',
  'e\u0301'.repeat(50),
  'x'.repeat(300),
  'x'.repeat(3000),
  '+6281234567890',
  'whatsapp:+6281234567890',
  'BLT-7K3Q',
  'id',
  'en',
  'zh-Hans',
] as const

/** A value that nobody types, or one that somebody does in the wrong place. */
export function oddText(draw: Draw): string {
  if (draw.chance(0.1)) return Array.from({ length: 1 + draw.below(4) }, () => draw.one(ODD)).join('')
  if (draw.chance(0.1))
    return Array.from({ length: draw.below(24) }, () => String.fromCodePoint(draw.below(0x2fff))).join('')
  return draw.one(ODD)
}

/** The same text as an address may carry it: encoded, encoded twice, or hardly. */
export function inAddress(draw: Draw, text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed())
  if (draw.chance(0.05)) return encodeURIComponent(encoded)
  if (draw.chance(0.05)) return encoded.replaceAll('%2F', '/').replaceAll('%3F', '?')
  if (draw.chance(0.02)) return `${encoded}%`
  return encoded
}

/** Mostly what is right, sometimes odd, absent or several. */
export function mutated(
  draw: Draw,
  fields: ReadonlyMap<string, readonly string[]>,
  strangers: readonly string[],
): [string, string][] {
  const given: [string, string][] = []
  for (const [name, values] of fields) {
    if (draw.chance(0.1)) continue
    const value = () => (draw.chance(0.35) || values.length === 0 ? oddText(draw) : draw.one(values))
    given.push([name, value()])
    if (draw.chance(0.08)) given.push([name, value()])
    if (draw.chance(0.03)) given.push([`${name}[]`, value()])
    if (draw.chance(0.03)) given.push([`${name}[__proto__][x]`, value()])
  }
  while (draw.chance(0.3)) given.push([draw.chance(0.7) ? draw.one(strangers) : oddText(draw), oddText(draw)])
  return given
}

/** Headers that change how a request is read or where it seems to come from. */
export function oddHeaders(draw: Draw): Record<string, string> {
  const headers: Record<string, string> = {}
  const some: [string, readonly string[]][] = [
    ['accept-language', ['id', 'en;q=0.8', '*', 'x'.repeat(500)]],
    ['accept-encoding', ['gzip', 'br, zstd', 'identity;q=0', '*']],
    ['content-encoding', ['gzip', 'identity', 'deflate, gzip', 'x']],
    ['range', ['bytes=0-1', 'bytes=-1', 'bytes=9-1', 'bytes=0-0,5-9', 'bytes=99999999999999999999-', 'lines=1-2']],
    ['if-none-match', ['*', '"x"', 'W/"x"', '']],
    ['if-range', ['"x"', 'Sun, 22 Nov 2026 00:00:00 GMT']],
    ['sec-fetch-site', ['same-origin', 'cross-site', 'none', 'x']],
    ['origin', ['https://evil.example', 'null']],
    ['referer', ['https://evil.example/', '::::']],
    ['x-forwarded-host', ['evil.example', '[', 'a,b']],
    ['x-forwarded-proto', ['https', 'javascript']],
    ['x-http-method-override', ['DELETE', 'POST']],
    ['host', ['evil.example', '[::1', 'x'.repeat(300), 'a b'.replace(' ', '_')]],
    ['connection', ['close', 'keep-alive, x']],
    ['expect', ['100-continue']],
    ['upgrade', ['websocket', 'h2c']],
    ['user-agent', ['', 'x'.repeat(4000)]],
    ['x-tenggat-challenge', ['A'.repeat(16), 'x', 'A'.repeat(65), '../../..//..//..//']],
  ]
  while (draw.chance(0.3)) {
    const [name, values] = draw.one(some)
    headers[name] = draw.one(values)
  }
  return headers
}
