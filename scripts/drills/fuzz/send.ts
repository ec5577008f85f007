import { Agent, type IncomingHttpHeaders, request } from 'node:http'

/** One request, whole. `what` names route and kind without any value. */
export type Shot = {
  what: string
  method: string
  /** As it stands in the first line. */
  target: string
  headers: Record<string, string>
  body?: Buffer
}

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string }

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

/** Sends one and waits for all of its answer; 'hung' when that takes longer, 'cut' when the connection ended without one. */
export function send(url: string, shot: Shot, withinMs: number): Promise<Answer | 'hung' | 'cut'> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const { method, target: path, headers, body } = shot
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const asked = request({
      agent,
      hostname,
      port,
      method,
      path,
      headers: { ...headers, ...length },
      timeout: withinMs,
    })
    const deadline = setTimeout(() => {
      resolve('hung')
      asked.destroy()
    }, withinMs)
    const done = (answer: Answer | 'cut') => {
      clearTimeout(deadline)
      resolve(answer)
    }
    asked.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('close', () => {
        const { statusCode: status = 0, headers: answered, complete } = response
        done(complete ? { status, headers: answered, text: Buffer.concat(chunks).toString('utf8') } : 'cut')
      })
    })
    asked.on('upgrade', (response, socket) => {
      socket.destroy()
      done({ status: response.statusCode ?? 101, headers: response.headers, text: '' })
    })
    asked.on('error', () => done('cut'))
    asked.end(body)
  })
}

export function closeConnections(): void {
  agent.destroy()
}
