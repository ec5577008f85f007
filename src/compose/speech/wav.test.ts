import { describe, expect, it } from 'vitest'
import { decodeWav } from './wav.ts'

describe('decodeWav', () => {
  it('reads mono 16-bit samples, whatever stands before them', () => {
    const decoded = decodeWav(wav({ samples: [0, 16_384, -32_768], before: chunk('LIST', Buffer.alloc(3)) }))
    expect(decoded).toEqual({ samples: Float32Array.of(0, 0.5, -1), sampleRate: 24_000 })
  })

  it('reads what is there of a streamed file, whose header promises more', () => {
    const file = wav({ samples: [0, 16_384] })
    file.writeUInt32LE(0xff_ff_ff_ff, file.indexOf('data') + 4)
    expect(decodeWav(file)?.samples).toEqual(Float32Array.of(0, 0.5))
  })

  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['another kind of file', Buffer.from('OggS and then some more bytes')],
    ['a header cut short', wav({ samples: [1, 2, 3] }).subarray(0, 30)],
    ['stereo', wav({ samples: [1, 2], channels: 2 })],
    ['8-bit samples', wav({ samples: [1, 2], bits: 8 })],
    ['telephone coding', wav({ samples: [1, 2], format: 7 })],
  ])('refuses %s', (_what, file) => {
    expect(decodeWav(file)).toBeUndefined()
  })
})

type Options = { samples: number[]; before?: Buffer; format?: number; channels?: number; bits?: number }

function wav({ samples, before = Buffer.alloc(0), format = 1, channels = 1, bits = 16 }: Options): Buffer {
  const described = Buffer.alloc(16)
  described.writeUInt16LE(format, 0)
  described.writeUInt16LE(channels, 2)
  described.writeUInt32LE(24_000, 4)
  described.writeUInt16LE(bits, 14)
  const data = Buffer.from(Int16Array.from(samples).buffer)
  const body = Buffer.concat([Buffer.from('WAVE'), before, chunk('fmt ', described), chunk('data', data)])
  return chunk('RIFF', body)
}

function chunk(name: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(body.byteLength, 4)
  return Buffer.concat([head, body, Buffer.alloc(body.byteLength % 2)])
}
