import type { CivilDate } from '../lib/civil-date.ts'

export const ROLES = ['viewer', 'officer', 'supervisor', 'admin'] as const
/** What an officer may do: each role may do all that those before it may. */
export type Role = (typeof ROLES)[number]
export const LANGUAGES = ['id', 'en'] as const
export type Language = (typeof LANGUAGES)[number]
export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

/** Who is signed in. */
export type Officer = {
  id: number
  name: string
  role: Role
  /** Null: headquarters, every office. */
  officeCode: string | null
  /** The area: only residents of these regencies; null: all. */
  regencies: string[] | null
  language: Language
  theme: Theme
}

/** Whether this officer's role is `least` or above. */
export function mayAs(officer: Pick<Officer, 'role'>, least: Role): boolean {
  return ROLES.indexOf(officer.role) >= ROLES.indexOf(least)
}

/** Whether a resident of this regency belongs to the officer's area. Who is of no known regency belongs to everyone's. */
export function inArea({ regencies }: Pick<Officer, 'regencies'>, regency: string | null): boolean {
  return regencies === null || regency === null || regencies.includes(regency)
}

/** What a page needs to know of the moment. */
export type Moment = { now: number; today: CivilDate }
