import type { ExecutionContext } from 'ava'
import { until } from '../../support/patience.ts'
import { type Cluster, makeCluster } from '../cluster.ts'
import { openProxy, type PgProxy } from '../proxy.ts'

/** A primary, a standby that follows it, and the ways between. */
export interface Pair {
	primary: Cluster
	standby: Cluster
	/** Where taskq's processes find whichever of the two it is. */
	proxy: PgProxy
	/** What the standby follows by. */
	link: PgProxy
}

export async function makePair(t: ExecutionContext, isSync = false): Promise<Pair> {
	const primary = await makeCluster(t)
	const link = await openProxy(t, primary.url)
	const standby = await primary.makeStandby('second', link.url)
	t.teardown(() => standby.end())
	if (isSync) {
		await primary.query(`alter system set synchronous_standby_names = 'second'`)
		await primary.query('select pg_reload_conf()')
		await until(async () => (await primary.rows(`select from pg_stat_replication where sync_state = 'sync'`)).length === 1)
	}
	return { primary, standby, proxy: await openProxy(t, primary.url), link }
}

/** The primary dies, and what was on the way to the standby with it; the standby takes its place. */
export async function failOver({ primary, standby, proxy, link }: Pair): Promise<void> {
	await primary.stop('immediate')
	await link.close()
	await standby.promote()
	proxy.targetPort = standby.port
	proxy.reset()
}

/** How many of these jobs this server does not know. */
export const missing = async (db: Cluster, ids: string[]): Promise<number> =>
	(
		await db.row(
			'select count(*)::integer as n from unnest($1::uuid[]) as i (id) where not exists (select from taskq.jobs where job_id = i.id)',
			[ids],
		)
	).n
