import type { Colour } from './content.ts'
import type { Drawn, Setting } from './font-file.ts'
import type { Line, Run } from './lines.ts'

const COLOURS: Readonly<Record<Colour | 'line' | 'fill' | 'bar', string>> = {
  ink: '#111827',
  quiet: '#4b5563',
  warning: '#9a3412',
  line: '#9ca3af',
  fill: '#f3f4f6',
  bar: '#9ca3af',
}
/** Letters that take other shapes or places than they are written in: such a run says its text beside its glyphs. */
const RESHAPED = /[\p{scx=Arab}\p{scx=Deva}\p{scx=Beng}\p{scx=Taml}\p{scx=Thai}\p{scx=Mymr}]/u

/** What we use of pdfkit's own fonts. In thousandths of the size. */
type Embedded = {
  id: string
  ref(): object
  encode(text: string, setting: Setting): [glyphs: string[], positions: Position[]]
}
type Position = { xAdvance: number; xOffset: number; yOffset: number; advanceWidth: number }
type Letter = Position & { glyph: string }
type Place = { x: number; baseline: number; size: number }

/** Draws on the newest page, y downwards from its top. */
export class Ink {
  readonly #doc: PDFKit.PDFDocument
  readonly #registered = new Set<string>()

  constructor(doc: PDFKit.PDFDocument) {
    this.#doc = doc
  }

  line({ runs }: Line, x: number, baseline: number): void {
    for (const run of runs) this.#run(run, x + run.x, baseline)
  }

  fill(box: { x: number; y: number; width: number; height: number }, colour: keyof typeof COLOURS): void {
    this.#doc.rect(box.x, box.y, box.width, box.height).fill(COLOURS[colour])
  }

  #run({ text, font, size, colour, x: _, ...setting }: Run, x: number, baseline: number): void {
    const doc = this.#doc
    const embedded = this.#embedded(font)
    const [glyphs, positions] = embedded.encode(text, setting)
    const letters = positions.map((position, at) => ({ ...position, glyph: glyphs[at]! }))
    doc.fillColor(COLOURS[colour])
    // pdfkit's own text() turns the page over around each run: poppler then looks for the marked text at the wrong end of it.
    doc.addContent(`BT /${embedded.id} ${figure(size)} Tf`)
    const place = { x, baseline, size }
    if (!RESHAPED.test(text)) this.#glyphs(letters, place)
    // Readers disagree in which order the text beside a run stands that reads from the right: letter by letter there is none.
    else if (setting.rtl) {
      for (const cluster of font.clusters(text, setting))
        this.#marked(cluster.text, letters.splice(0, cluster.glyphs), place)
    } else this.#marked(text, letters, place)
    doc.addContent('ET')
  }

  #marked(actual: string, letters: readonly Letter[], place: Place): void {
    this.#doc.markContent('Span', { actual })
    this.#glyphs(letters, place)
    this.#doc.endMarkedContent()
  }

  /** Moves `place` to where the next letter begins. */
  #glyphs(letters: readonly Letter[], place: Place): void {
    const { baseline, size } = place
    let shown = ''
    const show = () => {
      if (shown !== '') this.#doc.addContent(`[${shown}] TJ`)
      shown = ''
    }
    for (const { glyph, xAdvance, xOffset, yOffset, advanceWidth } of letters) {
      const moved = xOffset !== 0 || yOffset !== 0
      if (moved) show()
      if (shown === '') {
        const [left, up] = [place.x + (xOffset * size) / 1000, (yOffset * size) / 1000]
        this.#doc.addContent(`1 0 0 -1 ${figure(left)} ${figure(baseline - up)} Tm`)
      }
      shown += `<${glyph}>`
      if (moved) show()
      else if (Math.abs(xAdvance - advanceWidth) > 0.5) shown += figure(advanceWidth - xAdvance)
      place.x += (xAdvance * size) / 1000
    }
    show()
  }

  #embedded({ name, forPdf }: Drawn): Embedded {
    const doc = this.#doc as PDFKit.PDFDocument & { _font: Embedded; page: { fonts: Record<string, object> } }
    if (!this.#registered.has(name)) doc.registerFont(name, forPdf as unknown as string)
    this.#registered.add(name)
    doc.font(name)
    doc.page.fonts[doc._font.id] ??= doc._font.ref()
    return doc._font
  }
}

function figure(value: number): string {
  return String(Math.round(value * 1000) / 1000)
}
