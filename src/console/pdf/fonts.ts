import { readFile } from 'node:fs/promises'
import { CODE_POINT_LETTERS, clustersOf, codePoint, drawnIn } from './characters.ts'
import { type Drawn, openFontFile } from './font-file.ts'
import { type Face, type Slice, slicesWith } from './slices.ts'

/** A stretch that one font draws; null where there is nothing to draw. */
export type Piece = { text: string; font: Drawn | null }

export type Fonts = {
  /** The text with code points for all that no font has. */
  shown(text: string, face: Face): string
  /** Grapheme by grapheme, of what `shown` gave. */
  pieces(text: string, face: Face): Piece[]
}

/**
 * Opens what these texts need, of East Asian fonts only the characters themselves. A piece of a font is found by its ranges first and
 * asked itself afterwards, for the ranges promise too much.
 */
export async function openFonts(texts: Iterable<{ text: string; face: Face }>): Promise<Fonts> {
  const open = new Map<string, Drawn>()
  const wanted = new Map<string, Set<string>>()
  const slices = new Map<string, Slice>()
  const found = new Map<string, string>()
  let searches = searchesFor(texts)
  while (searches.length > 0) {
    const asked = new Set<string>()
    for (const { cluster, slice } of searches) {
      slices.set(slice.name, slice)
      const letters = wanted.get(slice.name) ?? new Set()
      wanted.set(slice.name, letters)
      if (slice.axis === null ? !open.has(slice.name) : !letters.has(cluster)) asked.add(slice.name)
      letters.add(cluster)
    }
    for (const name of asked) {
      const slice = slices.get(name)!
      open.set(
        name,
        await openFontFile({ slice, bytes: await readFile(slice.file), text: [...wanted.get(name)!].join('') }),
      )
    }
    searches = searches.flatMap((search) => {
      if (!open.get(search.slice.name)!.has(drawnIn(search.cluster))) return next(search)
      found.set(search.key, search.slice.name)
      return []
    })
  }

  const fontOf = (cluster: string, face: Face) => open.get(found.get(keyOf(cluster, face)) ?? '')
  const pieces = (text: string, face: Face): Piece[] =>
    clustersOf(text).flatMap((cluster) => {
      if (drawnIn(cluster).length === 0) return [{ text: cluster, font: null }]
      const font = fontOf(cluster, face)
      if (font) return [{ text: cluster, font }]
      return Array.from(cluster, (one) => ({ text: one, font: fontOf(one, face) ?? null }))
    })
  return {
    pieces,
    shown: (text, face) =>
      pieces(text, face)
        .map((piece) => (piece.font || drawnIn(piece.text).length === 0 ? piece.text : codePoint(piece.text)))
        .join(''),
  }
}

type Search = { key: string; cluster: string; slice: Slice; rest: Iterator<Slice> }

/** Each grapheme once for each face, and its characters one by one in case no font has them together. */
function searchesFor(texts: Iterable<{ text: string; face: Face }>): Search[] {
  const faces = new Map<string, Face>()
  const wanted = new Map<string, Set<string>>()
  for (const { text, face } of texts) {
    const key = faceKey(face)
    faces.set(key, face)
    const clusters = wanted.get(key) ?? new Set(CODE_POINT_LETTERS)
    wanted.set(key, clusters)
    for (const cluster of clustersOf(text)) {
      clusters.add(cluster)
      for (const one of cluster) clusters.add(one)
    }
  }
  return [...wanted].flatMap(([key, clusters]) =>
    [...clusters].flatMap((cluster) => {
      const points = drawnIn(cluster)
      if (points.length === 0) return []
      const rest = slicesForAll(points, faces.get(key)!)
      return next({ key: keyOf(cluster, faces.get(key)!), cluster, rest })
    }),
  )
}

function next({ key, cluster, rest }: Omit<Search, 'slice'>): Search[] {
  const { value: slice, done } = rest.next()
  return done ? [] : [{ key, cluster, slice, rest }]
}

function* slicesForAll([first, ...others]: number[], face: Face): Generator<Slice> {
  for (const slice of slicesWith(first!, face)) if (others.every((point) => slice.claims(point))) yield slice
}

function keyOf(cluster: string, face: Face): string {
  return `${faceKey(face)} ${cluster}`
}

function faceKey({ language, weight, mono }: Face): string {
  return `${language} ${weight} ${mono}`
}
