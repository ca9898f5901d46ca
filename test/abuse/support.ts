import type { Db } from '../support/db.ts'

/** What must not change: how many rows each table has, who may do what, and which functions there are. */
export async function fingerprint(db: Db): Promise<unknown> {
	const tables = await db.rows(
		"select relname as name from pg_class where relnamespace = 'taskq_private'::regnamespace and relkind in ('r', 'p') and relname <> 'job_events' and not relispartition order by 1",
	)
	const counts = await Promise.all(
		tables.map(async ({ name }) => [name, (await db.row(`select count(*)::integer as n from taskq_private.${name}`)).n]),
	)
	const catalog = await db.row(
		"select (select md5(string_agg(oid || proname || coalesce(proacl::text, ''), ',' order by oid)) from pg_proc where pronamespace::regnamespace::text like 'taskq%') as functions, (select md5(string_agg(rolname || rolsuper, ',' order by rolname)) from pg_roles) as roles",
	)
	return { counts: Object.fromEntries(counts), ...catalog }
}
