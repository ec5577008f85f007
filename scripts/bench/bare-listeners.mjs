import fastify from 'fastify'

// The least that opens two listeners on this Node: what "idle" and "start" are measured against.
for (let number = 0; number < 2; number += 1) {
  const app = fastify()
  app.get('/', () => 'well')
  await app.listen({ host: '127.0.0.1', port: 0 })
}
process.stdout.write('ready\n')
process.on('SIGTERM', () => process.exit(0))
