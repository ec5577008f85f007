import { create } from 'fontkit'
import * as hb from 'harfbuzzjs'
import subsetFont from 'subset-font'
import type { Slice } from './slices.ts'

/** How a run is set; pdfkit hands it on unseen where it says `features`. */
export type Setting = { rtl: boolean; language: string }

/** A font ready to be measured and drawn. */
export type Drawn = {
  name: string
  /** Above and below the line, for a size of 1. */
  ascent: number
  descent: number
  has(points: readonly number[]): boolean
  /** For a size of 1. */
  width(text: string, setting: Setting): number
  /** Which glyphs belong to which letters, from left to right. */
  clusters(text: string, setting: Setting): { text: string; glyphs: number }[]
  /** For `registerFont` of pdfkit. */
  forPdf: object
}

type Run = {
  glyphs: { id: number; cluster: number; points: readonly number[] }[]
  positions: { xAdvance: number; yAdvance: number; xOffset: number; yOffset: number }[]
  advanceWidth: number
}

/**
 * fontkit embeds, HarfBuzz shapes: fontkit's own shaping puts Burmese vowels and Thai tone marks in the wrong place, and it can
 * neither embed woff2 nor a variable font.
 */
export async function openFontFile({
  slice,
  bytes,
  text,
}: {
  slice: Slice
  bytes: Uint8Array
  text: string
}): Promise<Drawn> {
  const { name, axis } = slice
  const format = { targetFormat: 'truetype', noHinting: true } as const
  // Where letters take other shapes, HarfBuzz may need glyphs of characters that the text does not have. pdfkit embeds the used ones only.
  const cut = await (axis === null
    ? subsetFont(bytes, undefined, { ...format, keepAllGlyphs: true })
    : subsetFont(bytes, text, { ...format, variationAxes: { wght: axis } }))
  const face = new hb.Face(new hb.Blob(cut))
  const font = new hb.Font(face)
  const points = new Set(face.collectUnicodes())
  const pointOf = new Map([...points].map((point) => [font.nominalGlyph(point), point]))
  const { ascender, descender } = font.hExtents()
  const embedded = create(cut)
  const widths = new Map<string, number>()
  const shaped = (run: string, setting: Setting) => shape({ font, pointOf, text: run, setting })
  return {
    name,
    ascent: ascender / face.upem,
    descent: -descender / face.upem,
    has: (wanted) => wanted.every((point) => points.has(point)),
    width(run, setting) {
      const key = `${setting.rtl} ${setting.language} ${run}`
      const width = widths.get(key) ?? shaped(run, setting).advanceWidth / face.upem
      widths.set(key, width)
      return width
    },
    clusters(run, setting) {
      const { glyphs } = shaped(run, setting)
      const texts = textsOf(run, glyphs)
      const clusters: { text: string; glyphs: number }[] = []
      for (const [at, { cluster }] of glyphs.entries()) {
        if (at > 0 && cluster === glyphs[at - 1]!.cluster) clusters.at(-1)!.glyphs += 1
        else clusters.push({ text: texts.get(cluster)!, glyphs: 1 })
      }
      return clusters
    },
    forPdf: Object.create(embedded, {
      // pdfkit takes two fonts of one name for the same.
      postscriptName: { value: name },
      layout: {
        value(run: string, setting: Setting) {
          const { glyphs, ...rest } = shaped(run, setting)
          return { ...rest, glyphs: glyphs.map(({ id, points: said }) => embedded.getGlyph(id, said)) }
        },
      },
    }),
  }
}

function shape({
  font,
  pointOf,
  text,
  setting,
}: {
  font: hb.Font
  pointOf: ReadonlyMap<number | undefined, number>
  text: string
  setting: Setting
}): Run {
  const buffer = new hb.Buffer()
  buffer.addText(text)
  buffer.setDirection(setting.rtl ? hb.Direction.RTL : hb.Direction.LTR)
  buffer.setLanguage(setting.language)
  buffer.setClusterLevel(hb.ClusterLevel.MONOTONE_CHARACTERS)
  buffer.guessSegmentProperties()
  hb.shape(font, buffer)
  const infos = buffer.getGlyphInfos()
  const positions = buffer.getGlyphPositions()
  const said = spoken(text, infos, pointOf)
  return {
    glyphs: infos.map(({ codepoint: id, cluster }, at) => ({ id, cluster, points: said[at]! })),
    positions,
    advanceWidth: positions.reduce((sum, { xAdvance }) => sum + xAdvance, 0),
  }
}

/** A part of a letter that another glyph stands for: without a meaning it would be copied as a control character. */
const NOTHING = 0x200c

/** What each glyph stands for when text is copied out of the PDF: its own character, or those of its cluster that have no other glyph. */
function spoken(
  text: string,
  infos: readonly { codepoint: number; cluster: number }[],
  pointOf: ReadonlyMap<number | undefined, number>,
): number[][] {
  const restOf = new Map(
    [...textsOf(text, infos)].map(([cluster, letters]) => [cluster, Array.from(letters, (one) => one.codePointAt(0)!)]),
  )
  const own = infos.map(({ codepoint, cluster }) => {
    const point = pointOf.get(codepoint)
    const rest = restOf.get(cluster)!
    if (point === undefined) return null
    if (rest.includes(point)) rest.splice(rest.indexOf(point), 1)
    // A bracket that reads from the right is drawn as its counterpart: the reader turns it over again.
    else if (/\p{Bidi_M}/u.test(String.fromCodePoint(point))) rest.splice(0, 1)
    else return null
    return point
  })
  return infos.map(({ cluster }, at) => {
    if (own[at] !== null) return [own[at]!]
    const rest = restOf.get(cluster)!.splice(0)
    return rest.length > 0 ? rest : [NOTHING]
  })
}

function textsOf(text: string, glyphs: readonly { cluster: number }[]): Map<number, string> {
  const starts = [...new Set(glyphs.map(({ cluster }) => cluster))].sort((a, b) => a - b)
  return new Map(starts.map((start, at) => [start, text.slice(start, starts[at + 1])]))
}
