import { createServer } from 'node:http'

/** A carrier that accepts everything and remembers nothing, so that only the program itself is measured. Prints its URL. Its one argument: milliseconds until it answers. */
const latencyMs = Number(process.argv[2] ?? 0)
let taken = 0
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    taken += 1
    const creates = request.method === 'POST'
    const body = creates
      ? { sid: `SM${taken.toString(16).padStart(32, '0')}`, status: 'queued' }
      : { balance: '1000.00', currency: 'USD' }
    response.writeHead(creates ? 201 : 200, { 'content-type': 'application/json' })
    if (latencyMs === 0) response.end(JSON.stringify(body))
    else setTimeout(() => response.end(JSON.stringify(body)), latencyMs)
  })
})
// Else it hangs up on a client that was busy for five seconds.
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the stub has no port')
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}` })}\n`)
})
process.on('SIGTERM', () => server.close(() => process.exit(0)))
process.on('disconnect', () => process.exit(0))
