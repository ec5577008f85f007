declare module 'subset-font' {
  export default function subsetFont(
    font: Uint8Array,
    text: string | undefined,
    options: {
      targetFormat: 'truetype'
      noHinting: boolean
      keepAllGlyphs?: boolean
      variationAxes?: Record<string, number>
    },
  ): Promise<Uint8Array>
}

declare module 'fontkit' {
  export type Glyph = { id: number; advanceWidth: number }

  export type Font = { getGlyph(id: number, codePoints?: readonly number[]): Glyph }

  export function create(font: Uint8Array): Font
}
