import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExitCode, Output } from '../../src/cli/output.ts'
import { pause } from '../chaos/wait.ts'
import { command, positive, tellFigures } from '../command.ts'
import { ask, cpuShare, openStage, ring } from './stage.ts'

const USAGE = `node scripts/drills/read-only.ts [--seconds N] [--residents N] [--rate N] [--seed N] [--json]

In the middle of the sending the disk fails and the system makes it read-only, as ext4 does with errors=remount-ro. After so many
seconds it is mended: taken off, checked, mounted again; then the daemon is started anew, as systemd would. Only for root, who
may mount a disk out of a file; else it ends with 2. Exits 0 when nobody was told twice, never told or wrongly marked, and the
daemon lived and said what was wrong meanwhile.
`
const MEGABYTES = 64

type Options = { seconds: number; residents: number; perSecond: number; seed: number }

async function onADiskThatFails(options: Options, output: Output): Promise<ExitCode> {
  using stack = new DisposableStack()
  const base = mkdtempSync(join(tmpdir(), 'tenggat-read-only-'))
  stack.defer(() => rmSync(base, { recursive: true }))
  const disk = join(base, 'disk')
  mkdirSync(disk)
  const image = join(base, 'image')
  const made = run('truncate', '-s', `${MEGABYTES}M`, image) && run('mkfs.ext4', '-q', image)
  const mounted = made && run('mount', '-o', 'loop', image, disk)
  if (!mounted) {
    process.stderr.write('a disk out of a file can be mounted by root alone, and not everywhere: not tried\n')
    return 2
  }
  stack.defer(() => run('umount', '-l', disk))
  const result = await drill({ base, disk, image }, options)
  tellFigures(output, result)
  const good =
    result.told_twice + result.never_told + result.wrongly_marked === 0 &&
    result.lived &&
    result.cpu_share < 0.5 &&
    result.log_clear &&
    result.webhook === 503 &&
    result.readyz.startsWith('503')
  return good ? 0 : 1
}

async function drill(
  { base, disk, image }: { base: string; disk: string; image: string },
  { residents, perSecond, seconds, seed }: Options,
) {
  mkdirSync(join(base, 'cache'))
  // The key has a place of its own, as it should.
  for (const name of ['transcript.jsonl', 'daemon.log', 'cache', 'secret.key'])
    symlinkSync(join(base, name), join(disk, name))
  await using stage = await openStage({ folder: disk, residents, seed, perSecond })
  const first = stage.start()
  await stage.untilMessages(first, residents * 0.4)
  if (!run('mount', '-o', 'remount,abort', disk)) throw new Error('the disk could not be made to fail')
  let webhook = 0
  let readyz = ''
  const cpu = await cpuShare(first, seconds, async () => {
    await pause(seconds * 600)
    webhook = (await ring(first, 'SMwhile')).status
    readyz = (await ask(first, '/readyz')).says
  })
  const lived = first.alive() && first.errors() === ''
  const exitCode = await first.stop()
  await stage.apart(async () => {
    run('umount', disk)
    run('fsck.ext4', '-p', image)
    if (!run('mount', '-o', 'loop', image, disk)) throw new Error('the disk could not be mounted again')
  })
  const second = stage.start()
  await stage.untilThrough(second)
  const secondExit = await second.stop()
  return {
    residents,
    ...(await stage.judge()),
    lived,
    cpu_share: cpu,
    webhook,
    readyz,
    log_clear: first.log.some(({ fault }) => /is read-only|does not work/.test(String(fault))),
    says: [...new Set(first.log.filter(({ level }) => level >= 50).map(({ fault, msg }) => `${msg}: ${fault}`))].join(
      '; ',
    ),
    exit_code: exitCode,
    second_exit_code: secondExit,
  }
}

function run(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

if (import.meta.main) {
  await command({
    usage: USAGE,
    options: {
      seconds: { type: 'string', default: '20' },
      residents: { type: 'string', default: '300' },
      rate: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
    },
    run: (values, output) =>
      onADiskThatFails(
        {
          seconds: positive('--seconds', values.seconds),
          residents: positive('--residents', values.residents),
          perSecond: positive('--rate', values.rate),
          seed: positive('--seed', values.seed),
        },
        output,
      ),
  })
}
