/** A stretch of text in one style. Its direction is its own: what it holds never reorders its neighbours. */
export type Span = {
  text: string
  bold?: boolean
  /** One width for each character. */
  mono?: boolean
  colour?: Colour
  /** BCP 47: which Chinese, Japanese or Korean forms, and where a line may end. */
  language?: string
}

/** A text, or stretches that follow each other on the same lines. */
export type Rich = string | readonly Span[]

export type Colour = 'ink' | 'quiet' | 'warning'

export type Block =
  | { kind: 'title'; text: string }
  /** Never left alone at the foot of a page. */
  | { kind: 'heading'; level: 1 | 2 | 3; text: Rich }
  | { kind: 'text'; text: Rich; colour?: Colour; size?: number }
  /** Somebody's own words, with a bar beside them; `\n` begins a new line. */
  | { kind: 'words'; text: string; language: string; colour?: Colour }
  /** What it is called, and what it is. */
  | { kind: 'facts'; rows: readonly (readonly [label: string, value: Rich])[] }
  /** `widths`: shares of the line. The head is repeated on each page. */
  | { kind: 'table'; head: readonly string[]; rows: readonly (readonly Rich[])[]; widths: readonly number[] }
  /** One width for each character, smaller, all spaces kept; what does not fit goes on below. */
  | { kind: 'code'; lines: readonly string[] }
  | { kind: 'gap'; height: number }
  | { kind: 'new-page' }

export type Letterhead = { name: string; lines: readonly string[] }

export type Attachment = { name: string; type: string; description: string; bytes: Uint8Array }

export type PdfContent = {
  /** Of the file, not of a page: no personal data. */
  title: string
  language: string
  letterhead: Letterhead
  blocks: readonly Block[]
  /** Lines at the foot of each page; what `pageOf` says stands at the right of the first. */
  footer: readonly string[]
  pageOf(page: number, pages: number): string
  attachments?: readonly Attachment[]
  /** Epoch ms. */
  madeAt: number
}
