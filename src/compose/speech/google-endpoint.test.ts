import { describe, expect, it } from 'vitest'
import { parseEndpoint } from './google-endpoint.ts'

describe('parseEndpoint', () => {
  it.each([
    [undefined, { transport: 'grpc', trusted: false }],
    ['', { transport: 'grpc', trusted: false }],
    ['eu-texttospeech.googleapis.com', { host: 'eu-texttospeech.googleapis.com', transport: 'grpc', trusted: false }],
    ['tts.example.org:8443', { host: 'tts.example.org', port: 8443, transport: 'grpc', trusted: false }],
    ['https://tts.example.org', { host: 'tts.example.org', transport: 'rest', trusted: false }],
    ['127.0.0.1:50051', { host: '127.0.0.1', port: 50_051, transport: 'grpc', trusted: true }],
    ['http://127.0.0.1:9000', { host: '127.0.0.1', port: 9000, transport: 'rest', trusted: true }],
    ['http://localhost', { host: 'localhost', port: 80, transport: 'rest', trusted: true }],
    ['http://[::1]:9000', { host: '[::1]', port: 9000, transport: 'rest', trusted: true }],
  ])('reads %s', (endpoint, expected) => {
    expect(parseEndpoint(endpoint === undefined ? {} : { endpoint })).toEqual(expected)
  })

  it('lets the transport be chosen where the form leaves it open', () => {
    expect(parseEndpoint({ transport: 'rest' })).toEqual({ transport: 'rest', trusted: false })
  })

  it.each(['http://tts.example.org', 'tts.example.org/v1', 'https://', 'ftp://tts.example.org', '127.0.0.1:port'])(
    'refuses %s',
    (endpoint) => {
      expect(() => parseEndpoint({ endpoint })).toThrow(`GOOGLE_TTS_ENDPOINT is ${endpoint}; allowed:`)
    },
  )
})
