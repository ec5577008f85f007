import { describe, expect, it } from 'vitest'
import { newKeyFile, openVault, sealingKeys, withNewKey, withoutKeys } from './seal.ts'

describe('the vault', () => {
  const first = newKeyFile('2026')
  const vault = openVault(first, 'key file')

  it('opens what it sealed, each time with other bytes', () => {
    const one = vault.seal('C01X00T47', 'residents.passport_no')
    const two = vault.seal('C01X00T47', 'residents.passport_no')
    expect(one).not.toBe(two)
    expect(vault.open(one, 'residents.passport_no')).toBe('C01X00T47')
  })

  it('refuses a value that was moved to another column or tampered with', () => {
    const sealed = vault.seal('+628123456789', 'residents.phone')
    expect(() => vault.open(sealed, 'residents.sponsor_phone')).toThrow()
    const bytes = Buffer.from(sealed.split('.')[1]!, 'base64url')
    bytes[bytes.length - 1]! ^= 1
    expect(() => vault.open(`2026.${bytes.toString('base64url')}`, 'residents.phone')).toThrow()
  })

  it('keeps links and blind indexes when a new sealing key comes first', () => {
    const rotated = openVault(`${newKeyFile('2027').split('\n')[0]}\n${first}`, 'key file')
    expect(rotated.token('BLT', 'P1')).toBe(vault.token('BLT', 'P1'))
    expect(rotated.blind('+62', 'phone')).toBe(vault.blind('+62', 'phone'))
    expect(rotated.open(vault.seal('x', 'a.b'), 'a.b')).toBe('x')
    expect(rotated.seal('x', 'a.b')).toMatch(/^2027\./)
  })

  it('makes tokens of 22 characters that depend on every part', () => {
    expect(vault.token('ab', 'c')).toMatch(/^[\w-]{22}$/)
    expect(vault.token('ab', 'c')).not.toBe(vault.token('a', 'bc'))
  })

  it.each([
    ['', 'holds no sealing key'],
    ['link:AAAA', 'line 1 is not a key'],
    ['k1:not base64', 'line 1 is not a key'],
    [`${first}${first}`, 'repeats the key id'],
  ])('refuses a faulty key file and never prints a key (%#)', (text, message) => {
    expect(() => openVault(text, 'key file')).toThrow(message)
  })

  it('takes up a key that comes to its file, but not the file of somebody else', () => {
    let text: string | null = null
    const watching = openVault(first, 'f', { reread: () => text })
    const rotated = withNewKey(first, { id: '2027', source: 'f' })
    expect(() => watching.open(openVault(rotated, 'f').seal('x', 'a.b'), 'a.b')).toThrow('lacks the key "2027"')
    text = rotated
    expect(watching.open(openVault(rotated, 'f').seal('x', 'a.b'), 'a.b')).toBe('x')
    expect([watching.seal('x', 'a.b').split('.')[0], watching.currentKey()]).toEqual(['2027', '2027'])
    text = newKeyFile('2028')
    expect(watching.currentKey()).toBe('2027')
    text = 'half a li'
    expect(watching.currentKey()).toBe('2027')
  })

  it('writes down what was derived from the oldest key before that key may go', () => {
    const bare = `# ours\n${first.split('\n')[0]!}\n`
    const rotated = withNewKey(bare, { id: '2027', source: 'f' })
    const alone = withoutKeys(rotated, { ids: ['2026'], source: 'f' })
    expect([sealingKeys(rotated, 'f'), sealingKeys(alone, 'f')]).toEqual([['2027', '2026'], ['2027']])
    expect(alone).toContain('# ours')
    expect(openVault(alone, 'f').token('a')).toBe(openVault(bare, 'f').token('a'))
    expect(openVault(alone, 'f').blind('a', 'b')).toBe(openVault(bare, 'f').blind('a', 'b'))
    const two = `${newKeyFile('2027').split('\n')[0]}\n${bare}`
    expect(() => withoutKeys(two, { ids: ['2026'], source: 'f' })).toThrow('has no lines "link" and "index"')
  })

  it('derives link and index keys from the oldest sealing key when the file has none', () => {
    const bare = first.split('\n')[0]!
    const later = `${newKeyFile('2027').split('\n')[0]}\n${bare}`
    expect(openVault(bare, 'f').token('a')).toBe(openVault(later, 'f').token('a'))
  })
})
