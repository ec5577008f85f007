import { describe, expect, it } from 'vitest'
import { isLoopbackAddress, isLoopbackHost, isShortener } from './web-address.ts'

describe('a web address', () => {
  it.each([
    ['bit.ly', true],
    ['WWW.TinyURL.com', true],
    ['tenggat.imigrasi.go.id', false],
    ['notbit.ly', false],
  ])('at %s is a link shortener: %s', (host, shortener) => {
    expect(isShortener(host)).toBe(shortener)
  })

  it.each([
    ['127.0.0.1', true],
    ['localhost', true],
    ['[::1]', true],
    ['127.example.com', false],
    ['localhost.example.com', false],
    ['10.0.0.1', false],
  ])('at %s is on this machine: %s', (host, here) => {
    expect(isLoopbackHost(host)).toBe(here)
  })
})

describe('a connection', () => {
  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:10.0.0.1', false],
    ['10.0.0.1', false],
    [undefined, false],
  ])('from %s is from this machine: %s', (address, here) => {
    expect(isLoopbackAddress(address)).toBe(here)
  })
})
