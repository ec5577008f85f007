import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GrpcClient, grpc } from 'google-gax'

export type Fails = { code: number; message: string }

/** A gRPC status, no answer at all, or the bytes to answer with. */
export type Behaviour = Fails | 'silence' | Uint8Array

/** Google's service on loopback, for tests: it keeps what was asked and answers as it was told. */
export type FakeGoogle = AsyncDisposable & { endpoint: string; calls: Call[] }

type Call = { method: string; request: unknown; headers: Record<string, unknown> }

const PROTOS = join(dirname(fileURLToPath(import.meta.resolve('@google-cloud/text-to-speech'))), '../protos')
const VOICES = ['id-ID-Wavenet-B']

/** How gRPC codes travel over HTTP: https://cloud.google.com/apis/design/errors */
const HTTP_STATUS: Record<number, number> = { 3: 400, 7: 403, 8: 429, 9: 400, 13: 500, 14: 503, 16: 401 }

/** `voices`: the names that it lists. */
export async function grpcGoogle(behaviour: Behaviour, voices: readonly string[] = VOICES): Promise<FakeGoogle> {
  const calls: Call[] = []
  const answer = (method: string): grpc.UntypedHandleCall => {
    const handle: grpc.handleUnaryCall<object, object> = ({ request, metadata }, done) => {
      calls.push({ method, request: withoutDefaults(request), headers: metadata.getMap() })
      if (behaviour === 'silence') return
      if (!(behaviour instanceof Uint8Array)) return done({ code: behaviour.code, details: behaviour.message })
      done(null, method === 'ListVoices' ? listing(voices) : { audioContent: behaviour })
    }
    return handle
  }
  const server = new grpc.Server()
  server.addService(ttsService(), { SynthesizeSpeech: answer('SynthesizeSpeech'), ListVoices: answer('ListVoices') })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  )
  const endpoint = `127.0.0.1:${await promise}`
  return { endpoint, calls, [Symbol.asyncDispose]: async () => server.forceShutdown() }
}

export async function restGoogle(behaviour: Behaviour): Promise<FakeGoogle> {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join('')
    const url = new URL(request.url!, 'http://localhost')
    const asksVoices = url.pathname === '/v1/voices'
    const asked = asksVoices ? { languageCode: url.searchParams.get('languageCode') } : JSON.parse(body)
    calls.push({ method: url.pathname, request: withEnumNames(asked), headers: request.headers })
    if (behaviour === 'silence') return
    response.setHeader('content-type', 'application/json')
    response.statusCode = behaviour instanceof Uint8Array ? 200 : HTTP_STATUS[behaviour.code]!
    response.end(JSON.stringify(restAnswer({ behaviour, asksVoices })))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await server[Symbol.asyncDispose]()
    },
  }
}

function restAnswer({ behaviour, asksVoices }: { behaviour: Fails | Uint8Array; asksVoices: boolean }): object {
  if (behaviour instanceof Uint8Array) {
    return asksVoices ? listing(VOICES) : { audioContent: Buffer.from(behaviour).toString('base64') }
  }
  const { code, message } = behaviour
  return { error: { code: HTTP_STATUS[code], message, status: grpc.status[code] } }
}

function listing(names: readonly string[]): object {
  const voices = names.map((name) => ({
    name,
    languageCodes: [name.split('-').slice(0, 2).join('-')],
    naturalSampleRateHertz: 24_000,
  }))
  return { voices }
}

function ttsService(): grpc.ServiceDefinition {
  let found: unknown = new GrpcClient().loadProto(PROTOS, 'google/cloud/texttospeech/v1/cloud_tts.proto')
  for (const name of ['google', 'cloud', 'texttospeech', 'v1', 'TextToSpeech', 'service']) {
    found = Reflect.get(Object(found), name)
  }
  return found as grpc.ServiceDefinition
}

/** What was really sent: the reader of protocol buffers fills every other field with its default, and floats are short. */
function withoutDefaults(request: object): unknown {
  return JSON.parse(JSON.stringify(request), (key, value) => {
    const empty = value === null || (typeof value === 'object' && Object.keys(value).length === 0)
    if (empty || value === '' || value === 0 || value === false) return undefined
    if (key === 'inputSource' || value === 'SSML_VOICE_GENDER_UNSPECIFIED') return undefined
    return typeof value === 'number' ? Number(value.toPrecision(6)) : value
  })
}

/** REST carries enums as numbers. */
function withEnumNames(request: { audioConfig?: { audioEncoding: unknown } }): unknown {
  if (request.audioConfig?.audioEncoding !== 1) return request
  return { ...request, audioConfig: { ...request.audioConfig, audioEncoding: 'LINEAR16' } }
}
