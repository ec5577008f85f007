import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { recordAudit } from '../console/audit.ts'
import { replaceKeyFile } from '../db/key-file.ts'
import { readMeta, writeMeta } from '../db/meta.ts'
import type { Db } from '../db/open.ts'
import { resealAll, sealedByOthers } from '../db/reseal.ts'
import { sealingKeys, withNewKey, withoutKeys } from '../db/seal.ts'
import { type CivilDate, dateAt } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import { backupsFolder, listBackups } from './backup/files.ts'
import { takeInstanceLock } from './lock.ts'

export type RotationDeps = {
  db: Db
  keyFile: string
  dataDir: string
  office: Pick<Office, 'code' | 'timeZone'>
  now: number
  /** So long a running daemon may go on with the key that it had. */
  settleMs?: number
  tell?: (table: string, rows: number) => Promise<unknown>
}

export type Rotation = {
  /** The id of the key that seals now. */
  key: string
  /** Made by this run; else the run has finished an earlier one. */
  added: boolean
  /** Rows sealed anew, by table. */
  resealed: Record<string, number>
  /** Values that an older key still seals, by `table.column`: some process has not taken up the new key. */
  remaining: Record<string, number>
  /** Keys that stand in the file beside the current one. */
  older: string[]
}

const SETTLE_MS = 2_500
const ROUNDS = 10
const DONE = 'sealing_key'

/**
 * Puts a new key in front of the key file and seals everything anew, beside a running daemon, which takes the key up by
 * itself. Stopped in the middle, the next run goes on with the same key. `keyOnly` stops after the file: for workers on several
 * machines, which must all have the key before anything is sealed with it.
 * @throws AppError `conflict` while another rotation runs; `config` where the key file cannot be written
 */
export async function rotateKey(deps: RotationDeps, { keyOnly = false } = {}): Promise<Rotation> {
  using _lock = lockFor(deps)
  const { db, keyFile } = deps
  const known = sealingKeys(readFileSync(keyFile, 'utf8'), keyFile)
  const unfinished =
    known.length > 1 && ((await doneRotation(db))?.key !== known[0] || !isEmpty(await sealedByOthers(db)))
  if (!unfinished) addKey(deps, known)
  const key = db.vault.currentKey()
  if (keyOnly) return { key, added: !unfinished, resealed: {}, remaining: await sealedByOthers(db), older: known }

  const { resealed, remaining } = await resealUntilDone(deps)
  const done = isEmpty(remaining)
  await db.write(async (tx) => {
    if (done) await writeMeta(tx, DONE, JSON.stringify({ key, since: deps.now }))
    await recordAudit(tx, {
      officerId: null,
      now: deps.now,
      action: 'key.rotate',
      detail: done ? key : `${key} unfinished`,
    })
  })
  return {
    key,
    added: !unfinished,
    resealed,
    remaining,
    older: sealingKeys(readFileSync(keyFile, 'utf8'), keyFile).slice(1),
  }
}

/**
 * Takes every older key out of the key file, once nothing needs it: no value of the database, no backup that is kept here.
 * @throws AppError `conflict` naming what still needs one
 */
export async function dropOldKeys(deps: RotationDeps): Promise<{ key: string; dropped: string[] }> {
  using _lock = lockFor(deps)
  const { db, keyFile, now } = deps
  const text = readFileSync(keyFile, 'utf8')
  const [key, ...dropped] = sealingKeys(text, keyFile)
  if (dropped.length === 0) return { key: key!, dropped }
  // Whatever had the former key in mind has written it by then.
  await pause(deps.settleMs ?? SETTLE_MS)
  const remaining = await sealedByOthers(db)
  if (!isEmpty(remaining)) {
    throw new AppError(
      'conflict',
      `older keys are still needed by ${Object.entries(remaining)
        .map(([where, rows]) => `${rows} of ${where}`)
        .join(', ')}: run key rotate first`,
    )
  }
  const needed = await backupsBefore(deps, await sealedSince(db, key!))
  if (needed.length > 0) {
    throw new AppError(
      'conflict',
      `${needed.length} backups need an older key, the newest of ${dayOf(deps, needed.at(-1)!.madeAt)} (${needed.at(-1)!.file}): wait until newer ones have taken their place, or remove them`,
    )
  }
  replaceKeyFile(keyFile, withoutKeys(text, { ids: dropped, source: keyFile }))
  await db.write((tx) => recordAudit(tx, { officerId: null, now, action: 'key.drop', detail: dropped.join(' ') }))
  return { key: key!, dropped }
}

function lockFor({ dataDir, now }: RotationDeps) {
  const holder = { pid: process.pid, command: 'key rotate', startedAt: now }
  return takeInstanceLock({ dataDir, holder, name: 'key', purpose: 'change the keys' })
}

/** On disk before anything is sealed with it. */
function addKey({ keyFile, office, now }: RotationDeps, known: readonly string[]): void {
  const today = dateAt(now, office.timeZone)
  const id = freeId(today, known)
  replaceKeyFile(keyFile, withNewKey(readFileSync(keyFile, 'utf8'), { id, source: keyFile }))
}

function freeId(today: CivilDate, known: readonly string[]): string {
  for (let number = 1; ; number++) {
    const id = number === 1 ? today : `${today}-${number}`
    if (!known.includes(id)) return id
  }
}

/** A daemon looks at the key file once a second; what it sealed until then, and what an import had sealed already, comes last. */
async function resealUntilDone({ db, tell, settleMs = SETTLE_MS }: RotationDeps) {
  const resealed: Record<string, number> = {}
  for (let round = 1; ; round++) {
    const changed = await resealAll(db, tell ? { visit: tell } : {})
    for (const [table, rows] of Object.entries(changed)) resealed[table] = (resealed[table] ?? 0) + rows
    await pause(settleMs)
    const remaining = await sealedByOthers(db)
    if (isEmpty(remaining) || round === ROUNDS) return { resealed, remaining }
  }
}

/** When the last value was sealed with this key; of a key that no rotation is on record for, never: every backup may need another. */
async function sealedSince(db: Db, key: string): Promise<number> {
  const done = await doneRotation(db)
  return done?.key === key ? done.since : Number.POSITIVE_INFINITY
}

async function doneRotation(db: Db): Promise<{ key: string; since: number } | null> {
  const noted = await readMeta(db.read, DONE)
  return noted === null ? null : JSON.parse(noted)
}

async function backupsBefore({ dataDir, office }: RotationDeps, instant: number) {
  const kept = await listBackups(backupsFolder(dataDir), office.code)
  return kept
    .map(({ name, header }) => ({ file: name, madeAt: header.made_at }))
    .filter(({ madeAt }) => madeAt <= instant)
}

function dayOf({ office }: RotationDeps, instant: number): CivilDate {
  return dateAt(instant, office.timeZone)
}

function isEmpty(counts: Record<string, number>): boolean {
  return Object.keys(counts).length === 0
}
