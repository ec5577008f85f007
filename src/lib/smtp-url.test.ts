import { describe, expect, it } from 'vitest'
import { isMailAddress, parseSmtpUrl } from './smtp-url.ts'

describe('SMTP_URL', () => {
  it.each([
    ['smtps://budi%40x.go.id:p%3Aw@mail.x.go.id', 465, true, false],
    ['smtp://budi%40x.go.id:p%3Aw@mail.x.go.id', 587, false, true],
    ['smtp://budi%40x.go.id:p%3Aw@mail.x.go.id:2525/', 2525, false, true],
  ])('%s', (url, port, secure, requireTls) => {
    const auth = { user: 'budi@x.go.id', pass: 'p:w' }
    expect(parseSmtpUrl(url)).toEqual({ host: 'mail.x.go.id', port, secure, requireTls, auth })
  })

  it.each(['smtp://127.0.0.1', 'smtp://localhost', 'smtp://[::1]'])('needs no TLS on this machine: %s', (url) => {
    expect(parseSmtpUrl(url)).toMatchObject({ port: 25, secure: false, requireTls: false })
  })

  it.each([
    'mail.x.go.id:587',
    'http://mail.x.go.id',
    'smtp://',
    'smtp://user@mail.x.go.id',
    'smtp://:pass@mail.x.go.id',
    'smtp://mail.x.go.id/inbox',
    'smtp://mail.x.go.id?tls.rejectUnauthorized=false',
    'smtp://a:b%0d%0aRCPT@mail.x.go.id',
    'smtp://a:%zz@mail.x.go.id',
    'smtp://mail x',
  ])('refuses %s', (url) => {
    expect(parseSmtpUrl(url)).toBeNull()
  })
})

describe('a mail address', () => {
  it.each(['kepala@imigrasi.go.id', "o'brien+tenggat@a-b.co.id"])('may be %s', (text) => {
    expect(isMailAddress(text)).toBe(true)
  })

  it.each([
    'kepala',
    'kepala@kantor',
    'a@b.c\r\nBcc: x@y.z',
    'Kepala <a@b.id>',
    'a@b.id,c@d.id',
    '"a b"@c.id',
    'a@b.id>',
    `${'a'.repeat(65)}@b.id`,
  ])('may not be %j', (text) => {
    expect(isMailAddress(text)).toBe(false)
  })
})
