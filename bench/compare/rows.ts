import type { Row } from './row.ts'
import { backlogs } from './rows/backlogs.ts'
import { claims } from './rows/claims.ts'
import { drains } from './rows/drain.ts'
import { history } from './rows/history.ts'
import { pickup, sustained } from './rows/latency.ts'
import { notification } from './rows/notification.ts'
import { pages } from './rows/pages.ts'
import { snapshots } from './rows/snapshot.ts'
import { bulkSubmits, singleSubmits } from './rows/submits.ts'

/** All rows, in the order of the document. */
export const rows: Row[] = [
	singleSubmits,
	bulkSubmits,
	drains,
	pickup,
	sustained,
	backlogs,
	snapshots,
	notification,
	pages,
	claims,
	history,
]
