/**
 * Whether little is left of a password once everything is taken out that guessing begins with: runs of the keyboard, the
 * alphabet and numbers, years, repetitions, and the words below, also with 4 for a and the like. The lists of common
 * passwords, as far as they are long enough for us, consist of just these; four of the words together pass.
 */
export function isGuessable(password: string): boolean {
  const plain = password.toLowerCase().normalize('NFKD').replaceAll(/\p{M}/gu, '')
  return [plain, withoutDisguise(plain)].some((text) => {
    const { left, words } = takenApart(text.replaceAll(/[\s._-]+/g, ''))
    return left < 4 && words < 4
  })
}

/** Every office's officers would think of these first: the program, the service, the office, the days (OWASP ASVS 6.1.2). */
export const OWN_WORDS =
  'tenggat imigrasi immigration kantor kanim blitar tulungagung kediri indonesia jakarta jawa timur petugas pejabat paspor passport kitas kitap overstay kemenkumham imipas menteri republik merdeka pancasila garuda'.split(
    ' ',
  )

const COMMON_WORDS = (
  'password passw0rd passwort sandi katasandi rahasia secret admin administrator root user username login masuk welcome selamat datang ' +
  'hello halo master superman batman spiderman pokemon dragon monkey football sepakbola baseball basketball liverpool chelsea arsenal barcelona ' +
  'manchester united juventus realmadrid persib persija arema iloveyou ilove loveyou aku kamu cinta sayang sayangku love lover lovely forever ' +
  'princess prince queen king angel baby babygirl sunshine flower bunga mawar melati computer komputer laptop internet google facebook ' +
  'whatsapp instagram youtube twitter samsung android iphone apple windows microsoft linux server database system sistem test testing tester ' +
  'temp temporary default guest tamu change changeme letmein open buka qwerty qwertz azerty trustno shadow summer winter spring autumn ' +
  'monday tuesday wednesday thursday friday saturday sunday senin selasa rabu kamis jumat sabtu minggu january february march april june july ' +
  'august september october november december januari februari maret mei juni juli agustus oktober desember jesus christ allah bismillah ' +
  'alhamdulillah muhammad michael jordan charlie jennifer jessica ashley daniel andrew thomas robert george anthony budi agus andi dewi siti ' +
  'putri putra kucing anjing house rumah family keluarga happy bahagia money uang lucky star bintang matahari bulan black white merah putih ' +
  'hitam biru green the and you my me is in of for with saya dan di ke yang ini itu satu dua tiga empat lima one two three four five new baru old lama'
).split(/\s+/)

const WORDS = [...new Set([...OWN_WORDS, ...COMMON_WORDS])].sort((a, b) => b.length - a.length)

const ROWS = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1234567890',
  '0123456789',
  'abcdefghijklmnopqrstuvwxyz',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
  'qazwsxedcrfvtgbyhnujm',
]
const RUNS = [...ROWS, ...ROWS.map((row) => [...row].toReversed().join(''))]
const SHORTEST_RUN = 3

/** How many characters no word, run, number or repetition accounts for, and how many words there were. */
function takenApart(text: string): { left: number; words: number } {
  let left = 0
  let words = 0
  const seen = new Set<string>()
  for (let at = 0; at < text.length; ) {
    const word = WORDS.find((one) => text.startsWith(one, at))
    const run = runAt(text, at)
    if (word !== undefined && word.length >= run) {
      if (!seen.has(word)) words += 1
      seen.add(word)
      at += word.length
    } else if (run > 0) at += run
    else {
      if (/[^\d\W_]/.test(text[at]!) || text.charCodeAt(at) > 127)
        left += text.indexOf(text.slice(at, at + 4)) < at ? 0 : 1
      at += 1
    }
  }
  return { left, words }
}

function runAt(text: string, at: number): number {
  let length = 1
  while (text[at + length] === text[at]) length += 1
  for (const run of RUNS) {
    const from = run.indexOf(text.slice(at, at + SHORTEST_RUN))
    if (from === -1) continue
    let same = SHORTEST_RUN
    while (at + same < text.length && text[at + same] === run[from + same]) same += 1
    length = Math.max(length, same)
  }
  return length >= SHORTEST_RUN ? length : 0
}

const DISGUISES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
}

function withoutDisguise(text: string): string {
  return text.replaceAll(/[013457@$!]/g, (sign) => DISGUISES[sign] ?? sign)
}
