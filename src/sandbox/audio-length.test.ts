import { describe, expect, it } from 'vitest'
import { audioLengthMs } from './audio-length.ts'
import { mp3 } from './test-office.ts'

describe('audioLengthMs', () => {
  it.each([1, 7, 20])('counts the frames of an MP3 of %i s', async (seconds) => {
    const length = audioLengthMs(await mp3(seconds))
    expect(length).toBeGreaterThanOrEqual(seconds * 1000)
    expect(length).toBeLessThan(seconds * 1000 + 150)
  })

  it('skips an ID3 tag before the first frame', async () => {
    const plain = await mp3(2)
    const tag = Buffer.concat([Buffer.from('ID3\x04\x00\x00\x00\x00\x01\x00', 'latin1'), Buffer.alloc(128, 0xff)])
    expect(audioLengthMs(Buffer.concat([tag, plain]))).toBe(audioLengthMs(plain))
  })

  it('reads a WAV header', () => {
    const header = Buffer.alloc(44)
    header.write('RIFF', 0)
    header.write('WAVEfmt ', 8)
    header.writeUInt32LE(16, 16)
    header.writeUInt32LE(16_000, 28)
    header.write('data', 36)
    header.writeUInt32LE(40_000, 40)
    expect(audioLengthMs(Buffer.concat([header, Buffer.alloc(40_000)]))).toBe(2500)
  })

  it("reads the last page's position in Ogg Opus, less the pre-skip", () => {
    const head = Buffer.alloc(12)
    head.write('OpusHead')
    head.writeUInt16LE(312, 10)
    expect(audioLengthMs(Buffer.concat([oggPage(0n), head, oggPage(48_312n * 3n)]))).toBe(3013)
  })

  it('takes anything else for 32 kbit/s', () => {
    expect(audioLengthMs(Buffer.alloc(8000))).toBe(2000)
  })
})

function oggPage(position: bigint): Buffer {
  const page = Buffer.alloc(28)
  page.write('OggS')
  page.writeBigUInt64LE(position, 6)
  return page
}
