import { blocking, deaf, hungry, poison } from './rows/handlers.ts'
import { exhaust, killBackend, restart, terminate } from './rows/postgres.ts'
import { burst, highLoad, idleHolder, readers } from './rows/pressure.ts'
import { killFleet, killOne, killRepeatedly, killServer, rollingRestart, stop } from './rows/workers.ts'
import type { Row } from './trial.ts'

/** In the order of the report. */
export const rows: Row[] = [
	...[restart, terminate, exhaust, killOne, killRepeatedly],
	...[idleHolder, highLoad, readers, burst],
	...[stop, killFleet, killBackend, rollingRestart, killServer],
	...[poison, deaf, blocking, hungry],
]
