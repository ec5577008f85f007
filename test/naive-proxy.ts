import type { Socket } from 'node:net'
import { answersIn, connected, type RawAnswer } from './raw-http.ts'

export type NaiveProxy = AsyncDisposable & {
  /** Forwards one request as this proxy understands it, over the connection that all its clients share. */
  send(bytes: string): Promise<RawAnswer>
  /** What the server behind has said without being asked: the answer to a smuggled request. */
  unasked(): string
}

/**
 * A reverse proxy as they should not be: where a request has both a length and chunks it believes one of them and hands on both.
 * What the server behind makes of the rest would become the beginning of the next client's request.
 */
export async function openNaiveProxy(behind: string, by: 'length' | 'chunks'): Promise<NaiveProxy> {
  let shared: Socket | undefined
  let heard = ''
  return {
    async send(bytes) {
      const alive = shared !== undefined && !shared.destroyed && shared.readyState === 'open'
      const socket = alive ? shared! : await connected(behind)
      if (!alive) socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
      shared = socket
      heard = ''
      socket.write(Buffer.from(wholeRequest(bytes, by), 'latin1'))
      await new Promise<void>((resolve) => {
        const look = () => {
          if (answersIn(heard).some(isWhole)) resolve()
        }
        socket.on('data', look)
        socket.once('close', () => resolve())
      })
      const [answer, ...more] = answersIn(heard)
      heard = more.map(({ head, body }) => head + body).join('')
      // As proxies do, it lets a connection go that the server says it closes.
      if (/^connection: close$/im.test(answer!.head)) socket.destroy()
      return answer!
    },
    unasked: () => heard,
    async [Symbol.asyncDispose]() {
      shared?.destroy()
    },
  }
}

function isWhole({ head, body }: RawAnswer): boolean {
  const length = /^content-length: (\d+)$/im.exec(head)?.[1]
  return length === undefined ? body.endsWith('0\r\n\r\n') : body.length === Number(length)
}

/** So much of the bytes as this proxy takes for one request. */
function wholeRequest(bytes: string, by: 'length' | 'chunks'): string {
  const bodyAt = bytes.indexOf('\r\n\r\n') + 4
  const length = /^content-length: (\d+)$/im.exec(bytes.slice(0, bodyAt))?.[1]
  if (by === 'length') return bytes.slice(0, bodyAt + Number(length ?? 0))
  const end = bytes.indexOf('0\r\n\r\n', bodyAt)
  return end === -1 ? bytes.slice(0, bodyAt) : bytes.slice(0, end + 5)
}
