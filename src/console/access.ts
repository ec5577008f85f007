import { mayAs, type Officer, type Role } from './officer.ts'
import type { Lacking } from './sessions.ts'

export type Access = 'allow' | 'sign-in' | 'finish' | 'forbidden'

/** Whether a visitor may use a route: the one place that says so. */
export function accessTo(
  role: Role | 'anyone' | 'signing-in' | 'signed-in',
  visitor: { officer: Officer; lacking: Lacking } | null,
): Access {
  if (role === 'anyone') return 'allow'
  if (visitor === null) return 'sign-in'
  if (role === 'signing-in') return 'allow'
  if (visitor.lacking !== null) return 'finish'
  return role === 'signed-in' || mayAs(visitor.officer, role) ? 'allow' : 'forbidden'
}
