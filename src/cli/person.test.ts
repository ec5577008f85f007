import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bringTo, person, writeOffices } from '../../test/several-offices.ts'
import { openWorld } from '../../test/world.ts'
import type { Output } from './output.ts'
import { personEraseCommand, personExportCommand } from './person.ts'

it('a person of whichever office gets their copy from that office, and is erased there', async () => {
  await using world = await openWorld({ today: '2026-06-01', officesIn: writeOffices })
  await bringTo(world, 'BLT', [person('Budi', '0812 0000 0001')])
  await bringTo(world, 'MLG', [person('Maya', '0812 0000 0002')])
  const results: Record<string, unknown>[] = []
  const output: Output = { json: true, line: () => undefined, result: (value) => results.push(value) }
  const jsonFile = join(world.folder, 'maya.json')

  expect(await personExportCommand(world.app, output, { resident: 2, jsonFile })).toBe(0)
  expect(JSON.parse(readFileSync(jsonFile, 'utf8')).resident).toMatchObject({ full_name: 'Maya', office_code: 'MLG' })
  const erasing = { resident: 2, by: 'sari', reason: 'surat 1', force: true }
  expect(await personEraseCommand(world.app, output, erasing)).toBe(0)
  await expect(personEraseCommand(world.app, output, erasing)).rejects.toThrow('resident 2 was erased before')
  await expect(personExportCommand(world.app, output, { resident: 9, jsonFile })).rejects.toThrow('nomor 9')
})
