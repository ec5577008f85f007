import { expect, it } from 'vitest'
import { newOneTimePassword, passwordFault } from './password.ts'

it.each([
  'passwordpassword',
  'Password12345!',
  'P@ssw0rd2026!!',
  '1qaz2wsx3edc',
  'qwertyuiop123',
  '123456789012345',
  'abcdefghijklmnop',
  'asdfghjkl;123',
  'iloveyou123456',
  'administrator1',
  'Imigrasi2026!',
  'kantorimigrasi',
  'imigrasi.blitar.2026',
  'Tenggat-Tenggat-1',
  'welcome to imigrasi',
  'rahasia12345678',
  'abcabcabcabcdd',
  '!@#$%^&*()_+',
  'manchesterunited',
  'Bismillah1234',
  'SelamatDatang99',
  'S4y4ngku-12345',
])('is among the first guesses: %s', (password) => {
  expect(passwordFault(password, 'dewi')).toBe('simple')
})

it.each([
  'kapal merah di laut',
  'gerobak tujuh payung kertas',
  'Xk9#mQ2v!Lr7',
  'jendela miring kopi tubruk',
  'correct horse battery staple',
  'пароль из четырёх слов',
  '春眠不覚暁処処聞啼鳥一二',
  'tembok-angsa-42-lilin',
])('is a password: %s', (password) => {
  expect(passwordFault(password, 'dewi')).toBeNull()
})

it('takes every one-time password for none', () => {
  for (let n = 0; n < 200; n++) expect(passwordFault(newOneTimePassword(), 'dewi')).toBeNull()
})
