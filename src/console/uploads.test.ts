import { mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forgetUploads, keepUpload, keptUpload, removeUpload } from './uploads.ts'

const HOUR_MS = 3600_000
let folder: string
let audioDir: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenggat-uploads-'))
  audioDir = join(folder, 'audio')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('an upload', () => {
  it.each([
    ['../../../etc/passwd', 'passwd'],
    ['C:\\Users\\sari\\wna.xlsx', 'wna.xlsx'],
    ['..', 'register.csv'],
    ['.env', 'env'],
    ['', 'register.csv'],
    ['a\0b\r\n<script>.csv', 'a_b___script_.csv'],
    ['wna: "baru"?.csv', 'wna_ _baru__.csv'],
    ['外国人'.repeat(40), '外国人'.repeat(20)],
    ['𠀀'.repeat(100), '𠀀'.repeat(60)],
  ])('keeps of a name what a file system can hold', async (name, kept) => {
    const upload = await keepUpload(audioDir, { name, bytes: Buffer.from('x') })
    expect(basename(upload.path)).toBe(kept)
    expect(dirname(dirname(upload.path))).toBe(join(folder, 'uploads'))
    expect(await keptUpload(audioDir, upload.token)).toEqual(upload)
  })

  it('is for its owner alone', async () => {
    const { path } = await keepUpload(audioDir, { name: 'a.csv', bytes: Buffer.from('x') })
    expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([0o600, 0o700])
  })

  it('is found by its token alone, until it is removed', async () => {
    const upload = await keepUpload(audioDir, { name: 'a.csv', bytes: Buffer.from('x') })
    for (const token of ['', '.', '..', `../uploads/${upload.token}`, upload.token.toUpperCase(), 'f'.repeat(32)]) {
      if (token !== upload.token) expect(await keptUpload(audioDir, token)).toBeUndefined()
    }
    await removeUpload(upload)
    expect(await keptUpload(audioDir, upload.token)).toBeUndefined()
  })

  it('is forgotten after an hour', async () => {
    const [old, fresh] = [
      await keepUpload(audioDir, { name: 'a.csv', bytes: Buffer.from('x') }),
      await keepUpload(audioDir, { name: 'b.csv', bytes: Buffer.from('x') }),
    ]
    const now = statSync(dirname(fresh.path)).mtimeMs
    utimesSync(dirname(old.path), new Date(now - HOUR_MS - 1000), new Date(now - HOUR_MS - 1000))
    expect(await forgetUploads(audioDir, now)).toBe(1)
    expect(await keptUpload(audioDir, old.token)).toBeUndefined()
    expect(await keptUpload(audioDir, fresh.token)).toEqual(fresh)
  })
})
