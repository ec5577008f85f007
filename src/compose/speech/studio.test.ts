import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { peak, seconds } from './audio.ts'
import { espeakSpeech } from './espeak.ts'
import type { Utterance, Voice } from './port.ts'
import { Studio } from './studio.ts'

const voice: Voice = { engine: 'espeak', name: 'en', languageCode: 'en' }
const greeting: Utterance = { text: 'Good morning.', ssml: '<speak>Good morning.</speak>', voice }

describe('espeak', () => {
  it('speaks the pinned voice, whatever voice and rate came before', async () => {
    await using speech = espeakSpeech()
    const first = await heard(speech.speak(greeting))
    const other = await heard(speech.speak({ ...greeting, voice: { ...voice, name: 'id+f2', rate: 300 } }))
    const again = await heard(speech.speak(greeting))
    expect(first.sampleRate).toBe(22_050)
    expect(peak(first.samples)).toBeGreaterThan(0.1)
    expect(seconds(again)).toBeCloseTo(seconds(first), 2)
    expect(seconds(other)).toBeLessThan(0.7 * seconds(first))
  })

  it('honours pauses, the rate, and plain text with signs of markup in it', async () => {
    await using speech = espeakSpeech()
    const ssml = (pause: string) => ({ ...greeting, ssml: `<speak>Good<break time="${pause}"/>morning.</speak>` })
    const short = await heard(speech.speak(ssml('100ms')))
    const long = await heard(speech.speak(ssml('1600ms')))
    expect(seconds(long) - seconds(short)).toBeCloseTo(1.5, 1)
    const slow = await heard(speech.speak({ ...greeting, voice: { ...voice, rate: 90 } }))
    const fast = await heard(speech.speak({ ...greeting, voice: { ...voice, rate: 250 } }))
    expect(seconds(slow)).toBeGreaterThan(1.8 * seconds(fast))
    const plain = await heard(speech.speak({ text: 'One < two & three', ssml: '', voice }))
    const marked = await heard(speech.speak({ ...greeting, ssml: '<speak>One &lt; two &amp; three</speak>' }))
    expect(seconds(plain)).toBeCloseTo(seconds(marked), 2)
    expect(seconds(plain)).toBeGreaterThan(1)
  })

  it('refuses a voice it does not have, a script without words and one over 5000 bytes', async () => {
    await using speech = espeakSpeech()
    const unknown = { ...greeting, voice: { ...voice, name: 'tlh' } }
    expect(await speech.speak(unknown)).toEqual({ ok: false, reason: 'voice', message: 'espeak has no voice tlh' })
    expect(await speech.speak({ ...greeting, ssml: '<speak> </speak>' })).toMatchObject({
      ok: false,
      reason: 'refused',
    })
    const long = { ...greeting, ssml: `<speak>${'word '.repeat(1000)}</speak>` }
    expect(await speech.speak(long)).toMatchObject({ ok: false, reason: 'too-long' })
    expect(await speech.speak(greeting)).toMatchObject({ ok: true })
  })

  it('leaves a studio that it was lent open', async () => {
    await using studio = new Studio()
    await espeakSpeech({ studio })[Symbol.asyncDispose]()
    expect(await studio.speak(greeting)).toMatchObject({ ok: true })
  })
})

describe('the studio', () => {
  it('reports a thread that dies in the middle of an utterance, and speaks the next with a new one', async () => {
    await using studio = new Studio()
    const started = nextWorker()
    await studio.speak(greeting)
    const cut = studio.speak({ ...greeting, ssml: `<speak>${'word '.repeat(990)}</speak>` })
    const next = studio.speak(greeting)
    await new Promise((resolve) => setImmediate(resolve))
    await (await started).terminate()
    expect(await cut).toMatchObject({ ok: false, reason: 'crashed' })
    expect(await next).toMatchObject({ ok: true })
  })

  it('reports a thread that breaks, and renders the next note with a new one', async () => {
    await using studio = new Studio()
    const audio = await heard(studio.speak(greeting))
    const broken = await studio.render([{ ...audio, sampleRate: Number.NaN }], 0)
    expect(broken).toMatchObject({ ok: false, reason: 'crashed' })
    expect(await studio.render([audio], 0)).toMatchObject({ ok: true })
  })

  it('survives the death of an idle thread', async () => {
    await using studio = new Studio()
    const started = nextWorker()
    await studio.speak(greeting)
    await (await started).terminate()
    expect(await studio.speak(greeting)).toMatchObject({ ok: true })
  })

  it('ends a thread that does not answer in time', async () => {
    await using studio = new Studio({ timeoutMs: 1 })
    const started = nextWorker()
    expect(await studio.speak(greeting)).toMatchObject({ ok: false, reason: 'deadline' })
    expect((await started).threadId).toBe(-1)
  })

  it('ends the thread when nothing was asked for a while, and starts one when asked again', async () => {
    await using studio = new Studio({ idleMs: 0 })
    const started = nextWorker()
    await studio.speak(greeting)
    await once(await started, 'exit')
    expect(await studio.speak(greeting)).toMatchObject({ ok: true })
  })

  it('answers what is waiting when it is closed, and everything after', async () => {
    const studio = new Studio()
    const started = nextWorker()
    const waiting = [studio.speak(greeting), studio.speak(greeting), studio.render([], 0)]
    const worker = await started
    await studio[Symbol.asyncDispose]()
    expect(worker.threadId).toBe(-1)
    for (const reply of [...waiting, studio.speak(greeting)]) {
      expect(await reply).toMatchObject({ ok: false, reason: 'unavailable' })
    }
  })

  it('does not hold up the event loop while it renders', async () => {
    await using studio = new Studio()
    const audio = await heard(studio.speak(greeting))
    let [turns, done] = [0, false]
    const rendered = studio.render([audio, audio, audio, audio], 0.2).finally(() => {
      done = true
    })
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve))
      turns++
    }
    expect(await rendered).toMatchObject({ ok: true })
    expect(turns).toBeGreaterThan(50)
  })

  it('lets a process end that never closes it', async () => {
    const script = `
      const { Studio } = await import(${JSON.stringify(new URL('./studio.ts', import.meta.url).href)})
      const spoken = await new Studio().speak(${JSON.stringify(greeting)})
      console.log(spoken.ok)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const output = child.stdout.toArray()
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(String(await output)).toBe('true\n')
  })
})

/** The next thread that this process starts; asked for before the studio is. */
async function nextWorker(): Promise<Worker> {
  const [worker]: Worker[] = await once(process, 'worker')
  if (worker === undefined) throw new Error('no thread was started')
  return worker
}

async function heard(speaking: ReturnType<Studio['speak']>) {
  const spoken = await speaking
  if (!spoken.ok) throw new Error(spoken.message)
  return spoken.audio
}
