import { createCipheriv, createDecipheriv } from 'node:crypto'

/** A file of frames that was cut, altered, reordered or sealed with another key. */
export class FrameError extends Error {
  override name = 'FrameError'
}

/** Seals frames: AES-256-GCM, a nonce per frame made of prefix, number and whether it is the last, the header's digest bound in. */
export type Seal = { key: Buffer; noncePrefix: Buffer; digest: Buffer }

const FRAME = 64 * 1024
const TAG = 16
const LAST = 0x8000_0000
export const NONCE_PREFIX_BYTES = 7

/** Cuts bytes into frames: length (4 bytes, the highest bit set on the last one) and content. Without `seal` the content is as it came. */
export async function* toFrames(source: AsyncIterable<Buffer>, seal: Seal | null): AsyncGenerator<Buffer> {
  let waiting: Buffer = Buffer.alloc(0)
  let number = 0
  for await (const chunk of source) {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    while (waiting.length > FRAME) {
      yield frame(waiting.subarray(0, FRAME), { number, last: false, seal })
      number += 1
      waiting = waiting.subarray(FRAME)
    }
  }
  yield frame(waiting, { number, last: true, seal })
}

/** @throws FrameError where a frame is not whole, does not open, or the file does not end with its last frame. */
export async function* fromFrames(source: AsyncIterable<Buffer>, seal: Seal | null): AsyncGenerator<Buffer> {
  let waiting: Buffer = Buffer.alloc(0)
  let number = 0
  let ended = false
  for await (const chunk of source) {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    while (waiting.length >= 4) {
      if (ended) throw new FrameError('goes on after its end')
      const head = waiting.readUInt32BE(0)
      const length = head & ~LAST
      if (length > FRAME + TAG) throw new FrameError(`frame ${number}`)
      if (waiting.length < 4 + length) break
      ended = (head & LAST) !== 0
      yield opened(waiting.subarray(4, 4 + length), { number, last: ended, seal })
      number += 1
      waiting = waiting.subarray(4 + length)
    }
  }
  if (!ended) throw new FrameError('ends too early')
  if (waiting.length > 0) throw new FrameError('goes on after its end')
}

type Place = { number: number; last: boolean; seal: Seal | null }

function frame(plain: Buffer, place: Place): Buffer {
  const content = place.seal ? sealed(plain, place, place.seal) : plain
  const head = Buffer.alloc(4)
  head.writeUInt32BE(((place.last ? LAST : 0) | content.length) >>> 0)
  return Buffer.concat([head, content])
}

function sealed(plain: Buffer, place: Place, { key, noncePrefix, digest }: Seal): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(noncePrefix, place))
  cipher.setAAD(digest)
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function opened(content: Buffer, place: Place): Buffer {
  const { seal } = place
  if (!seal) return content
  if (content.length < TAG) throw new FrameError(`frame ${place.number}`)
  const decipher = createDecipheriv('aes-256-gcm', seal.key, nonceOf(seal.noncePrefix, place))
  decipher.setAAD(seal.digest)
  decipher.setAuthTag(content.subarray(-TAG))
  try {
    return Buffer.concat([decipher.update(content.subarray(0, -TAG)), decipher.final()])
  } catch (cause) {
    throw new FrameError(`frame ${place.number}`, { cause })
  }
}

function nonceOf(prefix: Buffer, { number, last }: Place): Buffer {
  const nonce = Buffer.alloc(12)
  prefix.copy(nonce)
  nonce.writeUInt32BE(number, NONCE_PREFIX_BYTES)
  nonce.writeUInt8(last ? 1 : 0, 11)
  return nonce
}
