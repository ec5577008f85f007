import { inject } from 'vitest'
import { SERVER_VARIABLE, TEMPLATE_VARIABLE } from '../src/db/testing.ts'

/** Before each test file of the project `postgres`. */
const { server, template } = inject('postgres')
process.env[SERVER_VARIABLE] = server
process.env[TEMPLATE_VARIABLE] = template
