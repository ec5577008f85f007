import { describe, expect, it } from 'vitest'
import { openMailServer, readMail, refusal } from '../../test/mail-server.ts'
import { freePort } from '../lib/free-port.ts'
import { type Letter, postBy } from './mail.ts'

const letter: Letter = {
  from: { name: 'Kantor Imigrasi "Blitar"', address: 'tenggat@imigrasi.example' },
  to: ['kepala@imigrasi.example', 'siaga@imigrasi.example'],
  subject: 'Ringkasan\r\nBcc: x@y.example\u202E réd',
  text: 'Selamat pagi.\n.\nBaris sesudah titik',
  html: '<p>Selamat pagi – نص</p>',
  attachments: [
    { filename: 'daftar.xlsx', contentType: 'application/octet-stream', content: Buffer.from([0, 255, 13, 10, 46]) },
  ],
  messageId: '<abc123@imigrasi.example>',
  writtenAt: Date.parse('2026-12-06T06:30:00+07:00'),
}

describe('a letter', () => {
  it('arrives whole, and its subject stays one line', async () => {
    await using server = await openMailServer()
    expect(await postBy(server.server)(letter)).toMatchObject({ state: 'sent', refusedAddresses: 0 })
    expect(server.mails).toHaveLength(1)
    const [mail] = server.mails
    expect(mail).toMatchObject({ from: 'tenggat@imigrasi.example', to: letter.to })
    const read = readMail(mail!.raw)
    expect(read.headers.get('subject')).toBe('Ringkasan Bcc: x@y.example  réd')
    expect(read.headers.has('bcc')).toBe(false)
    expect(read.headers.get('message-id')).toBe('<abc123@imigrasi.example>')
    expect(read.headers.get('auto-submitted')).toBe('auto-generated')
    expect(read.headers.get('date')).toBe('Sat, 05 Dec 2026 23:30:00 +0000')
    expect(read.text.trim()).toBe(letter.text)
    expect(read.html.trim()).toBe(letter.html)
    expect(read.attachments).toEqual([{ filename: 'daftar.xlsx', content: letter.attachments[0]!.content }])
  })

  it('goes by STARTTLS where this machine’s server has it, and by TLS from the start', async () => {
    await using upgraded = await openMailServer({ offersTls: true })
    await postBy(upgraded.server)(letter)
    expect(upgraded.mails[0]!.secure).toBe(true)
    await using secured = await openMailServer({ secure: true })
    // What comes by smtps:// is always verified.
    expect(await postBy(secured.server)(letter)).toMatchObject({ state: 'refused', permanent: false })
    expect(secured.mails).toEqual([])
  })

  it('signs in with what SMTP_URL says', async () => {
    await using server = await openMailServer({
      offersTls: true,
      onAuth({ username, password }, _session, done) {
        if (password === 'p:w') done(null, { user: username ?? '' })
        else done(refusal(535, '5.7.8 wrong password for budi@x.example'))
      },
    })
    const post = (pass: string) => postBy({ ...server.server, auth: { user: 'budi@x.example', pass } })(letter)
    expect(await post('p:w')).toMatchObject({ state: 'sent' })
    expect(server.mails[0]!.user).toBe('budi@x.example')
    expect(await post('other')).toEqual({ state: 'refused', permanent: true, answer: '535 5.7.8 at AUTH PLAIN' })
  })

  it('says nothing to a server beyond this machine that has no TLS, or a certificate of its own', async () => {
    await using open = await openMailServer()
    const required = { requireTls: true }
    expect(await postBy({ ...open.server, ...required })(letter)).toMatchObject({ state: 'refused' })
    await using unknown = await openMailServer({ offersTls: true })
    expect(await postBy({ ...unknown.server, ...required })(letter)).toMatchObject({
      state: 'refused',
      permanent: false,
    })
    expect([...open.mails, ...unknown.mails]).toEqual([])
  })
})

describe('a mail server that does not take a letter', () => {
  const known = (address: string) => (address.startsWith('kepala') ? null : refusal(550, `5.1.1 <${address}>: unknown`))

  it('may refuse one address of two: the other gets it', async () => {
    await using server = await openMailServer({ refuses: known })
    expect(await postBy(server.server)(letter)).toEqual({
      state: 'sent',
      refusedAddresses: 1,
      answer: '550 5.1.1 at RCPT TO',
    })
    expect(server.mails[0]!.to).toEqual(['kepala@imigrasi.example'])
  })

  it.each<[number, boolean]>([
    [550, true],
    [451, false],
  ])('may refuse all addresses by %i', async (code, permanent) => {
    await using server = await openMailServer({ refuses: (address) => refusal(code, `<${address}> not now`) })
    const answer = `${code} at RCPT TO`
    expect(await postBy(server.server)(letter)).toEqual({ state: 'refused', permanent, answer })
  })

  it.each<[number, boolean]>([
    [554, true],
    [452, false],
  ])('may refuse the words by %i once it has them', async (code, permanent) => {
    await using server = await openMailServer({ onEnd: () => refusal(code, 'sorry') })
    expect(await postBy(server.server)(letter)).toEqual({ state: 'refused', permanent, answer: `${code} at DATA` })
  })

  it('leaves in doubt what it was being given when the line broke', async () => {
    await using server = await openMailServer({ onStart: ({ hangUp }) => hangUp() })
    const large = { ...letter, text: 'x'.repeat(3_000_000) }
    expect(await postBy(server.server)(large)).toMatchObject({ state: 'uncertain' })
  })

  it('leaves in doubt what it had in full and did not answer', async () => {
    await using cut = await openMailServer({
      onEnd({ hangUp }) {
        hangUp()
        return null
      },
    })
    expect(await postBy(cut.server)(letter)).toMatchObject({ state: 'uncertain' })
    const { promise: never } = Promise.withResolvers<null>()
    await using mute = await openMailServer({ onEnd: () => never })
    expect(await postBy(mute.server, { talkMs: 300 })(letter)).toEqual({ state: 'uncertain', answer: 'ETIMEDOUT' })
  })

  it('may not be there at all', async () => {
    const server = { host: '127.0.0.1', port: await freePort(), secure: false, requireTls: false }
    expect(await postBy(server)(letter)).toEqual({ state: 'refused', permanent: false, answer: 'ECONNREFUSED at CONN' })
  })
})
