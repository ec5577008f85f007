import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

/** A line that can be cut: what stands between a program and its database, or in front of several programs. */
export type TcpProxy = AsyncDisposable & {
  port: number
  /** Nothing gets through any more, and nobody is told; after `pass` it all arrives, late. */
  hold(): void
  /** Every connection breaks, and none is made. */
  cut(): void
  pass(): void
}

type Options = {
  /** Ports of this machine, in the order in which they are tried. */
  targets: () => readonly number[]
  /** Sees what the client says before it is passed on; `drop` breaks the connection instead, `drop-after` once it was passed on. */
  watch?: (data: Buffer) => 'pass' | 'drop' | 'drop-after'
}

export async function openTcpProxy({ targets, watch = () => 'pass' }: Options): Promise<TcpProxy> {
  let state: 'passing' | 'held' | 'cut' = 'passing'
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // Whoever is at the other end sees that it broke.
    socket.on('error', () => socket.destroy())
    if (state === 'held') socket.pause()
  }
  const server = createServer({ allowHalfOpen: false }, (client) => {
    keep(client)
    if (state === 'cut') return client.destroy()
    client.pause()
    void connectToAny(targets()).then((upstream) => {
      if (!upstream || client.destroyed) {
        upstream?.destroy()
        client.destroy()
        return
      }
      keep(upstream)
      relay(client, upstream, watch)
      relay(upstream, client, () => 'pass')
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        one.once('close', () => other.destroy())
        if (state !== 'held') one.resume()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    hold() {
      state = 'held'
      for (const socket of sockets) socket.pause()
    },
    cut() {
      state = 'cut'
      for (const socket of sockets) socket.destroy()
    },
    pass() {
      state = 'passing'
      for (const socket of sockets) socket.resume()
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function relay(from: Socket, to: Socket, watch: NonNullable<Options['watch']>): void {
  from.on('data', (data: Buffer) => {
    const verdict = watch(data)
    if (verdict === 'drop') {
      from.destroy()
      return
    }
    if (verdict === 'drop-after') {
      from.pause()
      to.removeAllListeners('data')
      to.write(data, () => {
        // The other side has it and acts on it; its answer finds nobody.
        setTimeout(() => from.destroy(), 50)
      })
      return
    }
    if (!to.destroyed) to.write(data)
  })
}

async function connectToAny(ports: readonly number[]): Promise<Socket | undefined> {
  for (const port of ports) {
    const socket = createConnection({ port, host: '127.0.0.1' })
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (connected) return socket
    socket.destroy()
  }
  return undefined
}
