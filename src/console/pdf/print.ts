import PDFDocument from 'pdfkit'
import { type Atom, atomsOf, type Page, paginate } from './atoms.ts'
import type { PdfContent } from './content.ts'
import { openFonts } from './fonts.ts'
import { Ink } from './ink.ts'
import { faceOf } from './lines.ts'
import { type Cell, letterheadRows, type Row, rowsOf, spansOf } from './rows.ts'

/** A4, in points. */
const PAPER = { width: 595.28, height: 841.89 }
const MARGIN = { left: 57, right: 57, top: 45, bottom: 40 }
const WIDTH = PAPER.width - MARGIN.left - MARGIN.right
const FOOT_SIZE = 7
const FOOT_LINE = 10

export async function printPdf(content: PdfContent): Promise<Buffer> {
  const { language } = content
  const rows = [
    ...letterheadRows(content.letterhead, { language, width: WIDTH }),
    ...rowsOf(content.blocks, { language, width: WIDTH }),
  ]
  const footer = (page: number, pages: number) => footRow([...content.footer, content.pageOf(page, pages)], language)
  const digits = footRow([content.pageOf(1_234_567_890, 1)], language)
  const fonts = await openFonts([...textsIn([...rows, footer(1, 1), digits])])

  const feet = Math.max(1, content.footer.length)
  const height = PAPER.height - MARGIN.top - MARGIN.bottom - feet * FOOT_LINE - 6
  const pages = paginate(atomsOf(rows, fonts), height)
  const doc = openDocument(content)
  const ink = new Ink(doc)
  for (const [at, page] of pages.entries()) {
    doc.addPage()
    drawPage(ink, page)
    drawFoot(ink, atomsOf([footer(at + 1, pages.length)], fonts), feet)
  }
  for (const { name, type, description, bytes } of content.attachments ?? []) {
    const made = new Date(content.madeAt)
    const about = { name, type, description, creationDate: made, modifiedDate: made, relationship: 'Data' as const }
    doc.file(Buffer.from(bytes), about)
  }
  return finished(doc)
}

function openDocument({ title, language, letterhead, madeAt }: PdfContent): PDFKit.PDFDocument {
  return new PDFDocument({
    size: [PAPER.width, PAPER.height],
    margin: 0,
    autoFirstPage: false,
    // Else Helvetica is loaded.
    font: null as unknown as string,
    pdfVersion: '1.7',
    lang: language,
    displayTitle: true,
    info: {
      Title: title,
      Author: letterhead.name,
      Creator: 'Tenggat',
      Producer: 'Tenggat',
      CreationDate: new Date(madeAt),
    },
  })
}

function footRow(lines: readonly string[], language: string): Row {
  const cells = lines.map(
    (text): Cell => ({
      spans: spansOf(text),
      x: 0,
      width: WIDTH,
      size: FOOT_SIZE,
      language,
      colour: 'quiet',
      direction: 'ltr',
    }),
  )
  return { cells, before: 0, after: 0, keep: 'whole' }
}

function* textsIn(rows: readonly Row[]) {
  for (const row of rows) {
    for (const { spans, language } of row.cells) {
      for (const span of spans) yield { text: span.text, face: faceOf(span, language) }
    }
  }
}

function drawPage(ink: Ink, page: Page): void {
  for (const { atom, top: from } of page) {
    const top = MARGIN.top + from
    const bottom = top + atom.height
    if (atom.filled) ink.fill({ x: MARGIN.left, y: top, width: WIDTH, height: atom.height }, 'fill')
    if (atom.bar) {
      const x = atom.bar === 'left' ? MARGIN.left : MARGIN.left + WIDTH - 2
      ink.fill({ x, y: top, width: 2, height: atom.tall }, 'bar')
    }
    for (const { line, x } of atom.lines) ink.line(line, MARGIN.left + x, top + atom.baseline)
    if (atom.rule === 'thin') ink.fill(across(bottom, 0.4), 'line')
    if (atom.rule === 'double') {
      ink.fill(across(bottom - 10, 1.6), 'ink')
      ink.fill(across(bottom - 7.5, 0.5), 'ink')
    }
  }
}

function across(y: number, height: number) {
  return { x: MARGIN.left, y, width: WIDTH, height }
}

/** The lines of the foot, one below the other; the page's number at the right of the first. */
function drawFoot(ink: Ink, atoms: readonly Atom[], feet: number): void {
  const top = PAPER.height - MARGIN.bottom - feet * FOOT_LINE
  ink.fill(across(top - 3, 0.4), 'line')
  for (const [at, { line }] of atoms[0]!.lines.entries()) {
    const last = at === atoms[0]!.lines.length - 1
    const x = last ? PAPER.width - MARGIN.right - line.width : MARGIN.left
    ink.line(line, x, top + (last ? 0 : at) * FOOT_LINE + line.ascent)
  }
}

function finished(doc: PDFKit.PDFDocument): Promise<Buffer> {
  const parts: Buffer[] = []
  return new Promise((resolve, reject) => {
    doc.on('data', (part: Buffer) => parts.push(part))
    doc.on('end', () => resolve(Buffer.concat(parts)))
    doc.on('error', reject)
    doc.end()
  })
}
