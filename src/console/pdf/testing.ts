import { inflateSync } from 'node:zlib'
import { getDocument } from 'unpdf/pdfjs'

export type ReadPdf = {
  /** The text of each page, line by line. */
  pages: string[]
  /** Where each piece of text stands, in points from the left and from the top of its page. */
  pieces: { page: number; text: string; x: number; y: number; width: number }[]
  attachments: Map<string, Uint8Array>
  /** By page: what stands beside glyphs that do not say themselves what they mean. */
  actualTexts: string[]
  info: Record<string, unknown>
}

/** What a reader makes of the PDF. */
export async function readPdf(bytes: Uint8Array): Promise<ReadPdf> {
  const task = getDocument({ data: new Uint8Array(bytes), verbosity: 0, disableFontFace: true, useSystemFonts: false })
  const doc = await task.promise
  const pages: string[] = []
  const pieces: ReadPdf['pieces'] = []
  for (let number = 1; number <= doc.numPages; number += 1) {
    const page = await doc.getPage(number)
    const height = page.getViewport({ scale: 1 }).height
    const { items } = await page.getTextContent()
    let text = ''
    for (const item of items) {
      if (!('str' in item)) continue
      text += item.str + (item.hasEOL ? '\n' : '')
      const [x, y] = [item.transform[4] as number, height - (item.transform[5] as number)]
      if (item.str.trim() !== '') pieces.push({ page: number, text: item.str, x, y, width: item.width })
    }
    pages.push(text)
  }
  const attached = (await doc.getAttachments()) as ReadonlyMap<string, unknown> | null
  const attachments = new Map<string, Uint8Array>()
  for (const name of attached?.keys() ?? []) {
    const content = await doc.getAttachmentContent(name)
    if (content instanceof Uint8Array) attachments.set(name, content)
  }
  const { info } = await doc.getMetadata()
  await task.destroy()
  return {
    pages,
    pieces,
    attachments,
    actualTexts: actualTextsIn(bytes),
    info: info as Record<string, unknown>,
  }
}

function actualTextsIn(bytes: Uint8Array): string[] {
  return streamsIn(bytes).map((stream) =>
    [...stream.matchAll(/\/ActualText \(((?:\\.|[^\\)])*)\)/gs)].map(([, text]) => decoded(text!)).join(''),
  )
}

function streamsIn(bytes: Uint8Array): string[] {
  const whole = Buffer.from(bytes).toString('latin1')
  return [...whole.matchAll(/\/Length (\d+)(?:(?!>>).)*?\/FlateDecode(?:(?!>>).)*?>>\s*stream\r?\n/gs)].flatMap(
    (found) => {
      const from = found.index + found[0].length
      const stream = inflateSync(bytes.subarray(from, from + Number(found[1]))).toString('latin1')
      return stream.includes(' TJ') ? [stream] : []
    },
  )
}

/** A string of PDF: UTF-16 with its bytes escaped. */
function decoded(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }
  const plain = Buffer.from(
    text.replace(/\\(.)/gs, (_, one: string) => escapes[one] ?? one),
    'latin1',
  )
  if (plain[0] !== 0xfe || plain[1] !== 0xff) return plain.toString('latin1')
  return Buffer.from(plain.subarray(2)).swap16().toString('utf16le')
}
