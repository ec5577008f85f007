import type { NavigationItem } from './pages.ts'
import type { Route } from './route.ts'

const ITEMS: readonly Omit<NavigationItem, 'role'>[] = [
  { path: '/', key: 'nav.today', icon: 'home' },
  { path: '/overstays', key: 'nav.overstays', icon: 'warning' },
  { path: '/follow-ups', key: 'nav.followUps', icon: 'phone' },
  { path: '/residents', key: 'nav.residents', icon: 'people' },
  { path: '/deliveries', key: 'nav.deliveries', icon: 'send' },
  { path: '/report', key: 'nav.report', icon: 'chart' },
  { path: '/offices', key: 'nav.offices', icon: 'building', headquarters: true },
  { path: '/audit', key: 'nav.audit', icon: 'shield' },
]

/** Only what can be opened; each item for those whose role the page allows. */
export function navigationFor(routes: readonly Route[]): NavigationItem[] {
  return ITEMS.flatMap((item) => {
    const route = routes.find(({ method, path }) => method === 'GET' && path === item.path)
    return route ? [{ ...item, role: route.role === 'signed-in' ? 'viewer' : route.role }] : []
  })
}
