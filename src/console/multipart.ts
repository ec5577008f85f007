/** One field of a form, or a file where it has a file name; `bytes` is a view on the form's own. */
export type Part = { name: string; fileName: string | undefined; bytes: Buffer }

const MOST_PARTS = 1000
const LONGEST_HEAD = 8192

/**
 * The parts of a `multipart/form-data` body as browsers write it (RFC 7578), or undefined for anything else. Nothing is
 * copied: an upload of 25 MB must not take several times that.
 */
export function readMultipart(contentType: string, body: Buffer): Part[] | undefined {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) return undefined
  const opening = Buffer.from(`--${boundary}`)
  const between = Buffer.from(`\r\n--${boundary}`)
  if (!body.subarray(0, opening.length).equals(opening)) return undefined
  const parts: Part[] = []
  for (let at = opening.length; ; ) {
    const mark = body.toString('latin1', at, at + 2)
    if (mark === '--') return parts
    const end = body.indexOf(between, at)
    const part = mark === '\r\n' && end !== -1 ? readPart(body.subarray(at + 2, end)) : undefined
    if (!part || parts.push(part) > MOST_PARTS) return undefined
    at = end + between.length
  }
}

function readPart(part: Buffer): Part | undefined {
  const headEnd = part.subarray(0, LONGEST_HEAD).indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = part.toString('utf8', 0, headEnd)
  const [, name, fileName] =
    /^content-disposition: *form-data; *name="([^"\r\n]*)"(?:; *filename="([^"\r\n]*)")?/im.exec(head) ?? []
  if (name === undefined) return undefined
  return {
    name: unescaped(name),
    fileName: fileName === undefined ? undefined : unescaped(fileName),
    bytes: part.subarray(headEnd + 4),
  }
}

/** https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function unescaped(text: string): string {
  return text.replaceAll(/%22|%0D|%0A/g, (code) => decodeURIComponent(code))
}
