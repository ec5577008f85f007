import { afterAll, describe, expect, it } from 'vitest'
import { decodeMp3, decodeOgg, difference, envelope, shareOfLoudSeconds, silentEnds } from '../../../test/audio.ts'
import { type Pcm, peak, resample, seconds } from './audio.ts'
import { filter, highPass } from './filters.ts'
import { loudness } from './loudness.ts'
import type { Rendition } from './note.ts'
import { Studio } from './studio.ts'

const PAUSE = '<break time="500ms"/>'
const SCRIPTS: Record<string, string> = {
  id: `Selamat pagi. Ini pesan dari Kantor Imigrasi Blitar. Izin tinggal Anda berlaku sampai tanggal enam Desember dua ribu dua puluh enam. ${PAUSE} Silakan datang ke kantor sebelum hari itu.`,
  en: `Good morning. This is a message from the Immigration Office in Blitar. Your stay permit ends on the sixth of December, two thousand twenty six. ${PAUSE} Please come to the office before that day.`,
  ms: `Selamat pagi. Ini pesanan daripada Pejabat Imigresen Blitar. Permit tinggal anda tamat pada enam Disember dua ribu dua puluh enam. ${PAUSE} Sila datang ke pejabat sebelum hari itu.`,
  nl: `Goedemorgen. Dit is een bericht van het immigratiekantoor in Blitar. Uw verblijfsvergunning eindigt op zes december tweeduizend zesentwintig. ${PAUSE} Kom voor die dag naar het kantoor.`,
  de: `Guten Morgen. Dies ist eine Nachricht der Einwanderungsbehörde in Blitar. Ihre Aufenthaltserlaubnis endet am sechsten Dezember zweitausendsechsundzwanzig. ${PAUSE} Bitte kommen Sie vorher in das Amt.`,
  fr: `Bonjour. Ceci est un message du bureau de l'immigration de Blitar. Votre permis de séjour expire le six décembre deux mille vingt-six. ${PAUSE} Venez au bureau avant cette date pour le prolonger.`,
  ru: `Доброе утро. Это сообщение из иммиграционной службы города Блитар. Ваш вид на жительство действует до шестого декабря две тысячи двадцать шестого года. ${PAUSE} Приходите до этого дня.`,
  vi: `Xin chào. Đây là tin nhắn của Văn phòng Di trú Blitar. Giấy phép cư trú của bạn hết hạn vào ngày sáu tháng mười hai năm hai nghìn không trăm hai mươi sáu. ${PAUSE} Hãy đến văn phòng trước ngày đó.`,
  hi: `नमस्ते। यह ब्लितार आप्रवासन कार्यालय का संदेश है। आपका निवास परमिट छह दिसंबर दो हज़ार छब्बीस को समाप्त होता है। ${PAUSE} कृपया उससे पहले कार्यालय आकर इसे बढ़वाएँ।`,
  ur: `السلام علیکم۔ یہ بلیتار امیگریشن دفتر کا پیغام ہے۔ آپ کا رہائشی اجازت نامہ چھ دسمبر دو ہزار چھبیس کو ختم ہو رہا ہے۔ ${PAUSE} براہ کرم اس سے پہلے دفتر آئیں۔`,
  ko: `안녕하세요. 블리타르 출입국 사무소에서 알려 드립니다. 귀하의 체류 허가는 이천이십육년 십이월 육일에 끝납니다. ${PAUSE} 그 전에 사무소에 오셔서 연장하십시오.`,
  cmn: `早上好。这是布利塔尔移民局的通知。您的居留许可将于二零二六年十二月六日到期。${PAUSE} 请在该日期之前到办公室办理延期。`,
  yue: `早晨。呢度係布利塔爾移民局嘅通知。你嘅居留許可將於二零二六年十二月六日到期。${PAUSE} 請喺嗰日之前嚟辦公室辦理延期。`,
  tr: `Günaydın. Bu, Blitar Göçmenlik Bürosundan bir mesajdır. Oturma izniniz altı Aralık iki bin yirmi altı tarihinde sona eriyor. ${PAUSE} Lütfen o günden önce büroya gelin.`,
  pt: `Bom dia. Esta é uma mensagem do Serviço de Imigração de Blitar. A sua autorização de residência termina no dia seis de dezembro de dois mil e vinte e seis. ${PAUSE} Venha ao escritório antes desse dia.`,
  ar: `صَبَاحُ الْخَيْرِ. هٰذِهِ رِسَالَةٌ مِنْ مَكْتَبِ الْهِجْرَةِ فِي بْلِيتَار. تَنْتَهِي إِقَامَتُكَ فِي السَّادِسِ مِنْ دِيسَمْبِر. ${PAUSE} تَعَالَ إِلَى الْمَكْتَبِ قَبْلَ ذٰلِكَ الْيَوْمِ.`,
}

const studio = new Studio()
afterAll(() => studio[Symbol.asyncDispose]())

describe('a voice note is speech of the right loudness between two silences, the same in both renditions', () => {
  it.concurrent.each(Object.keys(SCRIPTS))('in %s', async (language) => {
    const { rendition } = await noteOf(await spoken({ name: language, script: SCRIPTS[language]! }))
    const [mp3, ogg] = [await decodeMp3(rendition.mp3), await decodeOgg(rendition.ogg)]
    expect(rendition.seconds).toBeGreaterThan(5)
    expect(rendition.seconds).toBeLessThan(45)
    for (const sound of [mp3, ogg]) {
      expect(Math.abs(seconds(sound) - rendition.seconds)).toBeLessThan(0.15)
      expect(Math.abs(loudness(sound) + 16)).toBeLessThan(1)
      expect(peak(sound.samples)).toBeLessThanOrEqual(1)
      expect(shareOfLoudSeconds(sound)).toBeGreaterThan(0.8)
      for (const silence of silentEnds(sound)) expect(Math.abs(silence - 0.3)).toBeLessThan(0.15)
    }
  })
})

describe('voice notes', () => {
  it('sound different from language to language and voice to voice, even for the same words', async () => {
    const names = [...Object.keys(SCRIPTS), 'en-us', 'en+f2', 'id+f2']
    const say = async (name: string) => envelope(await spoken({ name, script: 'Blitar 12, 2026' }))
    const sounds = await Promise.all(names.map(say))
    expect(difference(sounds[0]!, await say(names[0]!))).toBeLessThan(0.3)
    for (const [i, one] of sounds.entries()) {
      for (const other of sounds.slice(i + 1)) expect(difference(one, other)).toBeGreaterThan(0.3)
    }
  })

  it('level a quiet part to the loudness of the other, with a pause between', async () => {
    const loud = await spoken({ name: 'en', script: 'Good morning. Please come to the office.' })
    const quiet = { samples: loud.samples.map((sample) => sample / 30), sampleRate: loud.sampleRate }
    const alone = await noteOf(loud)
    const { rendition } = await noteOf(loud, quiet)
    expect(rendition.seconds).toBeCloseTo(2 * alone.rendition.seconds - 0.6 + 0.8, 1)
    const { samples, sampleRate } = await decodeMp3(rendition.mp3)
    const half = samples.length / 2
    const halves = [samples.slice(0, half), samples.slice(half)]
    for (const part of halves) expect(Math.abs(loudness({ samples: part, sampleRate }) + 16)).toBeLessThan(1)
  })

  it('are mono MP3 and mono Opus in Ogg, and stay a voice note in WhatsApp at one minute', async () => {
    const part = await spoken({ name: 'id', script: SCRIPTS.id! })
    const { rendition } = await noteOf(part, part)
    expect(rendition.seconds).toBeGreaterThan(20)
    const { mp3, ogg } = rendition
    const [, version, , channels] = mp3
    expect([mp3[0], version! & 0xfe, channels! >> 6]).toEqual([0xff, 0xf2, 3])
    expect(Buffer.from(ogg.subarray(0, 4)).toString()).toBe('OggS')
    expect(Buffer.from(ogg.subarray(28, 36)).toString()).toBe('OpusHead')
    expect(ogg[37]).toBe(1)
    expect(ogg.byteLength / rendition.seconds).toBeLessThan((512 * 1024) / 60)
  })

  it('keep what is said on a telephone line of 8 kHz', async () => {
    const { rendition } = await noteOf(await spoken({ name: 'id', script: SCRIPTS.id! }))
    const line = resample(await decodeMp3(rendition.mp3), 8000)
    const carried = filter(line.samples, [highPass({ hertz: 300, sampleRate: 8000 })])
    expect(loudness({ samples: carried, sampleRate: 8000 })).toBeGreaterThan(rendition.lufs - 4)
  })
})

async function spoken({ name, script }: { name: string; script: string }): Promise<Pcm> {
  const voice = { engine: 'espeak', name, languageCode: name } as const
  const spoken = await studio.speak({ text: '', ssml: `<speak>${script}</speak>`, voice })
  if (!spoken.ok) throw new Error(spoken.message)
  return spoken.audio
}

async function noteOf(...parts: Pcm[]): Promise<{ rendition: Rendition }> {
  const rendered = await studio.render(parts, 0.8)
  if (!rendered.ok) throw new Error(rendered.message)
  return rendered
}
