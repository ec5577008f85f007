import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openRegisterFile } from './source.ts'
import { readBytes } from './testing.ts'

const register =
  'Nama;Kewarganegaraan;No. Paspor;No. Izin;Jenis Izin;Berlaku s.d.\nRené;MY;A1234567;P-1;ITAS;06/12/2026\n'

describe('openRegisterFile', () => {
  it.each([
    ['an empty file', '', 'is empty'],
    ['a file of blanks', '\ufeff \r\n\n', 'is empty'],
    ['UTF-16 LE with its mark', Buffer.from(`\ufeff${register}`, 'utf16le'), 'UTF-16 LE'],
    ['UTF-16 BE with its mark', Buffer.from(`\ufeff${register}`, 'utf16le').swap16(), 'UTF-16 BE'],
    ['UTF-16 without a mark', Buffer.from(register, 'utf16le'), 'UTF-16'],
    ['Windows-1252', Buffer.from(register, 'latin1'), 'is not UTF-8 (Windows-1252?): byte 68, line 2'],
    [
      'a header in Windows-1252',
      Buffer.from(`Prénom;${register}`, 'latin1'),
      'is not UTF-8 (Windows-1252?): byte 2, line 1',
    ],
    ['an old .xls', Buffer.from('d0cf11e0a1b11ae1000000', 'hex'), 'old .xls'],
    ['a web page named .xls', '<html><table><tr><td>Nama</td></tr></table>', 'web page'],
    ['some binary', Buffer.from('1f8b0800000000000003000000000000', 'hex'), 'is not UTF-8'],
    ['a PDF', '%PDF-1.7 …', 'is a PDF'],
    [
      'a CSV without a header',
      'Siti,MY,A1234567,P-1,ITAS,2027-01-01\n',
      'is not a register: its first 20 rows hold no header',
    ],
    ['some text', 'Kepada Yth.\n', 'is not a register'],
    [
      'a missing column',
      'Nama,Kewarganegaraan,No. Izin,Jenis Izin\n',
      'has no column expires_on ("Berlaku s.d."), passport_no or register_no ("No. Paspor")',
    ],
    [
      'a ZIP of something else',
      Buffer.from('504b0506000000000000000000000000000000000000', 'hex'),
      'is not an XLSX workbook (ZIP)',
    ],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(readBytes(bytes, 'daftar.csv')).rejects.toMatchObject({
      name: 'RegisterFileError',
      code: 'invalid',
      message: expect.stringMatching(new RegExp(`^daftar\\.csv: .*${RegExp.escape(message)}`)),
      reason: { id: expect.stringMatching(/\w/) },
    })
  })

  it('never shows a cell of a file that it refuses', async () => {
    await expect(readBytes('Siti Aminah,MY,A1234567\n')).rejects.not.toThrow(/Siti|A1234567/)
  })

  it('refuses what is not there and what is no file, by name', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'tenggat-register-'))
    await mkdir(join(folder.path, 'sub'))
    await expect(openRegisterFile(join(folder.path, 'none.csv'))).rejects.toThrow('none.csv: there is no such file')
    await expect(openRegisterFile(join(folder.path, 'sub'))).rejects.toThrow('sub: is not a file')
  })

  it('knows the format by the content, whatever the name', async () => {
    expect((await readBytes(register, 'register.xlsx')).file.format).toBe('csv')
  })

  it('lets the rows be left early', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'tenggat-register-'))
    const path = join(folder.path, 'r.csv')
    await writeFile(path, register + 'Ana;MY;A1;P-2;ITAS;06/12/2026\n'.repeat(50_000))
    const { rows, bytes, bytesRead } = await openRegisterFile(path)
    for await (const row of rows) {
      expect(row.line).toBe(2)
      break
    }
    expect(bytesRead()).toBeLessThan(bytes)
  })
})
