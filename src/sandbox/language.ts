export type LanguageGuess = { code: string; name: string }

const scripts: readonly (readonly [RegExp, string, string])[] = [
  [/[\u3040-\u30ff]/, 'ja', 'Japanese'],
  [/\p{Script=Hangul}/u, 'ko', 'Korean'],
  [/\p{Script=Han}/u, 'zh', 'Chinese'],
  [/\p{Script=Thai}/u, 'th', 'Thai'],
  [/\p{Script=Devanagari}/u, 'hi', 'Hindi'],
  [/\p{Script=Bengali}/u, 'bn', 'Bengali'],
  [/\p{Script=Tamil}/u, 'ta', 'Tamil'],
  [/\p{Script=Myanmar}/u, 'my', 'Burmese'],
  [/\p{Script=Khmer}/u, 'km', 'Khmer'],
  [/[ٹڈڑےں]/, 'ur', 'Urdu'],
  [/[پچژگ]/, 'fa', 'Persian'],
  [/\p{Script=Arabic}/u, 'ar', 'Arabic'],
  [/\p{Script=Cyrillic}/u, 'ru', 'Russian'],
  [/[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/i, 'vi', 'Vietnamese'],
]

/** Small words that tell languages in Latin letters apart. */
const words: readonly (readonly [code: string, name: string, words: string])[] = [
  [
    'id',
    'Indonesian',
    'anda yang dan di ke dari untuk pada atau kami izin tinggal kantor berlaku hubungi sebelum hari',
  ],
  ['ms', 'Malay', 'anda yang dan ialah pejabat pas sila tarikh tamat sebelum awak permit'],
  ['en', 'English', 'the your and of to or is at on before stay permit office expires please call leave'],
  ['nl', 'Dutch', 'uw de het een en van op voor verblijfsvergunning verloopt kantoor verlaat of'],
  ['de', 'German', 'ihre der die das und am vor oder bitte läuft büro amt'],
  ['fr', 'French', 'votre le la les et du avant ou bureau séjour expire veuillez'],
  ['es', 'Spanish', 'su el la los y de antes o oficina permiso vence por favor'],
  ['pt', 'Portuguese', 'sua seu o a os e do antes ou autorização vence por favor'],
  ['tl', 'Filipino', 'ang ng sa inyong iyong bago mag o permit opisina'],
  ['tr', 'Turkish', 've izni ikamet önce veya ofis lütfen için'],
]

/** The likely language of a short text; undefined where nothing tells. For display only. */
export function guessLanguage(text: string): LanguageGuess | undefined {
  const plain = text.replace(/https?:\/\/\S+/g, ' ')
  for (const [pattern, code, name] of scripts) if (pattern.test(plain)) return { code, name }
  const found = new Set(plain.toLowerCase().match(/\p{L}+/gu) ?? [])
  let best: (LanguageGuess & { score: number }) | undefined
  for (const [code, name, list] of words) {
    const score = list.split(' ').filter((word) => found.has(word)).length
    if (score >= 2 && score > (best?.score ?? 0)) best = { code, name, score }
  }
  return best && { code: best.code, name: best.name }
}
