import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type RawAnswer = { status: number; head: string; body: string }

/**
 * Sends these bytes over one connection, as no client would write them, and gives every answer until the server ends it: it
 * must be asked to, or have a reason. (A client that ends its own half first gets no answer from Node that takes a moment.)
 */
export async function sendRaw(url: string, bytes: string): Promise<RawAnswer[]> {
  const socket = await connected(url)
  socket.write(Buffer.from(bytes, 'latin1'))
  return answersIn(await restOf(socket))
}

export async function connected(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  // A server that hangs up while we still write is what some tests are about.
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** All that still comes before the server ends the connection. */
export async function restOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.closed) await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

/** Cuts a stream of answers by their Content-Length; a chunked one takes all that is left. */
export function answersIn(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end === -1) break
    const head = text.slice(at, end)
    const length = Number(
      /^content-length: (\d+)$/im.exec(head)?.[1] ?? (/^transfer-encoding: chunked$/im.test(head) ? text.length : 0),
    )
    const body = text.slice(end + 4, end + 4 + length)
    answers.push({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, body })
    at = end + 4 + length
  }
  return answers
}
