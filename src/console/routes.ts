import { caseRoutes } from './cases-page.ts'
import { correctionRoutes } from './corrections-page.ts'
import { deliveryRoutes } from './deliveries-page.ts'
import { followUpRoutes } from './follow-ups-page.ts'
import { importRoutes } from './imports-page.ts'
import { officeRoutes } from './offices-page.ts'
import { overstayRoutes } from './overstays-page.ts'
import { personRoutes } from './person-page.ts'
import { planRoutes } from './plan-page.ts'
import { proofRoutes } from './proof-page.ts'
import { reportRoutes } from './report-page.ts'
import { residentRoutes } from './residents-page.ts'
import type { Route } from './route.ts'
import { searchRoutes } from './search-page.ts'
import { todayRoutes } from './today-page.ts'

/** Every page that officers work with; the frame adds those that let them in. */
export const routes: Route[] = [
  ...todayRoutes,
  ...planRoutes,
  ...overstayRoutes,
  ...caseRoutes,
  ...followUpRoutes,
  ...residentRoutes,
  ...proofRoutes,
  ...personRoutes,
  ...correctionRoutes,
  ...importRoutes,
  ...deliveryRoutes,
  ...reportRoutes,
  ...searchRoutes,
  ...officeRoutes,
]
