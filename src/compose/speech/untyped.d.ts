declare module '@echogarden/espeak-ng-emscripten' {
  export type EspeakVoice = { name: string; identifier: string; languages: { priority: number; name: string }[] }

  export class EspeakWorker {
    readonly samplerate: number
    rate: number
    list_voices(): EspeakVoice[]
    /** 0 when done. */
    set_voice(name: string, language: string): number
    /** Calls back with pieces of 16-bit sound, or null at the end; a callback that returns true stops it. */
    synthesize(ssml: string, callback: (piece: Int16Array | null) => boolean): void
  }

  export type EspeakModule = { eSpeakNGWorker: typeof EspeakWorker }

  export default function load(options: {
    print: (line: string) => void
    printErr: (line: string) => void
  }): Promise<EspeakModule>
}

declare module 'opus-encdec/src/oggOpusEncoder.js' {
  export type OggOpusPage = { page: Uint8Array }

  export type OggOpusConfig = {
    encoderApplication: number
    encoderBitRate: number
    encoderSampleRate: number
    originalSampleRate: number
    maxFramesPerPage: number
    numberOfChannels: number
    serial: number
  }

  export class OggOpusEncoder {
    constructor(config: OggOpusConfig, library: object)
    generateIdPage(): OggOpusPage
    generateCommentPage(): OggOpusPage
    encode(buffers: Float32Array[]): OggOpusPage[]
    encodeFinalFrame(): OggOpusPage[]
    destroy(): void
  }
}
