import { Parser } from 'saxen'

/** The XML is broken or hostile. `message` is the English reason. */
export class XmlError extends Error {
  override name = 'XmlError'
}

export type XmlHandler = {
  open(name: string, attributes: () => Record<string, string>): void
  close(name: string): void
  text(value: string): void
}

const deepest = 64
const longestRun = 64 * 1024
const mostUnread = 1024 * 1024

/**
 * Hears XML as it comes in, in pieces of any size and with bounded memory; names come without their prefix, text decoded,
 * attributes as written. A text or tag longer than 64 KiB is cut. Throws where the XML is broken or nested too deep.
 */
export function xmlReader(handler: XmlHandler): { write(xml: string): void; end(): void } {
  let depth = 0
  let unread = 0
  let run = 0
  const parser = new Parser()
    .on('openTag', (name, attributes) => {
      unread = 0
      depth += 1
      if (depth > deepest) throw new XmlError(`elements are nested more than ${deepest} deep`)
      handler.open(localName(name), attributes)
    })
    .on('closeTag', (name) => {
      unread = 0
      depth -= 1
      handler.close(localName(name))
    })
    .on('text', (value) => handler.text(decodeXml(value)))
    .on('cdata', (value) => handler.text(value))
    .on('attention', (value) => {
      if (/^<!doctype/i.test(value)) throw new XmlError('it declares entities or a document type')
    })
    .on('error', (error) => {
      throw new XmlError(error.message, { cause: error })
    })

  // The parser keeps an unfinished token and searches all of it again with each piece.
  const bounded = (xml: string): string => {
    let kept = ''
    let from = 0
    for (let at = 0; at < xml.length; ) {
      if (xml.charCodeAt(at) === 60) run = 0
      const next = xml.indexOf('<', at + 1)
      const end = next === -1 ? xml.length : next
      const room = Math.max(0, longestRun - run)
      run += end - at
      if (end - at > room) {
        kept += xml.slice(from, at + room)
        from = end
      }
      at = end
    }
    if (from > 0) return kept + xml.slice(from)
    return xml
  }

  return {
    write(xml) {
      const part = bounded(xml)
      if (unread > mostUnread) throw new XmlError('a comment or an element does not end')
      unread += part.length
      parser.write(part)
    },
    end() {
      parser.end()
    },
  }
}

/** Text with its entities resolved; the parser's own decoding loses characters beyond 16 bits. */
export function decodeXml(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (entity, decimal, hex, name) => {
    if (name) return named[String(name).toLowerCase()] ?? entity
    const point = decimal ? Number(decimal) : Number.parseInt(hex, 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
  })
}

const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
