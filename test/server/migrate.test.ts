import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { migrate } from '../../db/migrate.ts'
import { makeProxy } from '../faults/proxy.ts'
import { until } from '../support/patience.ts'

const admin = async (sql: string) => {
	const client = new pg.Client(process.env.TEST_PG_URL)
	await client.connect()
	await client.query(sql).finally(() => client.end())
}

/** A database without the schema, and a way to it that can be shut. */
async function makeEmpty(t: ExecutionContext) {
	const name = `m_${Math.random().toString(36).slice(2)}`
	await admin(`create database ${name}`)
	const url = Object.assign(new URL(process.env.TEST_PG_URL!), { pathname: `/${name}` }).href
	const proxy = await makeProxy(url)
	t.teardown(async () => {
		await proxy.close().catch(() => {})
		await admin(`drop database ${name} with (force)`)
	})
	const migrations = async () => {
		const client = new pg.Client(url)
		await client.connect()
		const { rows } = await client.query('select count(*)::int as n from graphile_migrate.migrations').finally(() => client.end())
		return rows[0].n as number
	}
	return { name, url, proxy, migrations }
}

test('a migration waits for a database that is away, and says so', async (t) => {
	const { proxy, migrations } = await makeEmpty(t)
	const lines: string[] = []

	const migrating = migrate(proxy.url, { progress: (line) => lines.push(line) })
	await until(() => lines.filter((line) => line.startsWith('cannot migrate yet')).length > 1)
	await proxy.open()
	await migrating

	t.true((await migrations()) >= 5)
})

test('a migration whose sessions are ended in the middle begins again', async (t) => {
	const { name, proxy, migrations } = await makeEmpty(t)
	await proxy.open()
	const lines: string[] = []

	const migrating = migrate(proxy.url, { progress: (line) => lines.push(line) })
	await until(() => lines.some((line) => line.includes('000003.sql')))
	await admin(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
	await migrating

	t.true(lines.some((line) => line.startsWith('cannot migrate yet')))
	t.true((await migrations()) >= 5)
})

test('a migration that only its own session is ended of begins again', async (t) => {
	const { name, url, migrations } = await makeEmpty(t)
	const lines: string[] = []

	const migrating = migrate(url, { progress: (line) => lines.push(line) })
	await until(() => lines.some((line) => line.includes('000002.sql')))
	await admin(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and application_name <> 'taskq migrate'`)
	await migrating

	t.true((await migrations()) >= 5)
})

test('a database that cannot be migrated is said so at once', async (t) => {
	const missing = Object.assign(new URL(process.env.TEST_PG_URL!), { pathname: '/there_is_no_such_database' }).href

	await t.throwsAsync(migrate(missing), { code: '3D000' })
})

test('a patience that is used up ends with the reason', async (t) => {
	const { proxy } = await makeEmpty(t)

	await t.throwsAsync(migrate(proxy.url, { patienceMs: 0 }), { code: 'ECONNREFUSED' })
})

test('a process that has just migrated outlives the end of its sessions', async (t) => {
	const { name, url } = await makeEmpty(t)
	const program = `
		import { migrate } from './db/migrate.ts'
		await migrate(process.env.URL)
		console.log('migrated')
		setTimeout(() => console.log('still here'), 1000)`
	const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
		stdio: 'pipe',
		env: { PATH: process.env.PATH, URL: url },
	})
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))

	await until(() => output.includes('migrated'))
	await admin(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
	const [code] = await once(child, 'exit')

	t.is(code, 0, output)
	t.regex(output, /still here/)
})
