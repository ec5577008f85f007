import { say, taskOf } from './child.ts'
import { measurePages, morningPages } from './pages-measure.ts'
import { openOffice, type Place } from './weeks.ts'

const { times, ...place } = taskOf<Place & { times: number }>()
await using app = await openOffice(place)
const pages = await measurePages(app, { pages: await morningPages(app), regencies: null, times })
say({ pages })
