/** `npm start`: everything in one process. PostgreSQL (DATABASE_URL, or one of its own), migrations, a server, a worker. */
import fs from 'node:fs'
import path from 'node:path'
import { keepEmbedded } from '../db/embedded-supervisor.ts'
import { onStop } from '../db/lifecycle.ts'
import { makeLog } from '../db/log.ts'
import { migrate } from '../db/migrate.ts'
import { type Settings, settingsOrExit } from '../db/settings.ts'
import { startWorker } from '../worker/main.ts'
import { startServer } from './main.ts'

const say = (line: string) => console.log(`taskq: ${line}`)

/** Two processes over one data directory would each stop the other's PostgreSQL. */
function lockDataDir(dataDir: string): void {
	const file = path.join(dataDir, 'taskq.pid')
	fs.mkdirSync(dataDir, { recursive: true })
	const other = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0
	if (other && other !== process.pid && isTaskq(other)) {
		console.error(
			`taskq is running already (process ${other}) with its data in ${dataDir}. Stop it, or set TASKQ_DATA_DIR and API_PORT for a second one.`,
		)
		process.exit(2)
	}
	fs.writeFileSync(file, String(process.pid))
	process.on('exit', () => fs.rmSync(file, { force: true }))
}

/** A pid can have gone to another program since. */
function isTaskq(pid: number): boolean {
	try {
		process.kill(pid, 0)
		return process.platform !== 'linux' || fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('start.ts')
	} catch {
		return false
	}
}

async function startPostgres({ TASKQ_DATA_DIR, TASKQ_PG_PORT }: Settings): ReturnType<typeof keepEmbedded> {
	lockDataDir(TASKQ_DATA_DIR)
	const settings = { max_connections: 200, shared_buffers: '256MB', max_wal_size: '2GB' }
	return keepEmbedded({ database: 'taskq', dataDir: path.join(TASKQ_DATA_DIR, 'postgresql'), port: TASKQ_PG_PORT, settings, progress: say })
}

const stops: (() => Promise<void>)[] = []
const stopAll = async () => {
	for (const stop of stops.splice(0).reverse()) await stop()
}

async function main(): Promise<void> {
	const given = settingsOrExit()
	const settings = given.DATABASE_URL ? given : { ...given, DATABASE_DIRECT_URL: undefined } // which is a way to another database
	const log = makeLog(settings.LOG_LEVEL)
	onStop(async () => {
		say('stopping …')
		await stopAll()
		say('stopped')
	})

	let connectionString = settings.DATABASE_URL
	if (!connectionString) {
		const postgres = await startPostgres(settings)
		stops.push(postgres.stop)
		connectionString = postgres.url
		delete process.env.DATABASE_DIRECT_URL
		process.env.DATABASE_URL = postgres.url // for tasks that read the queue itself
	}
	const direct = settings.DATABASE_DIRECT_URL ?? connectionString // a migration holds a lock of its session
	await migrate(direct, { progress: say, patienceMs: Number.POSITIVE_INFINITY })
	const server = await startServer({ settings, connectionString, directConnectionString: settings.DATABASE_DIRECT_URL, log })
	stops.push(server.stop)
	const worker = await startWorker({ settings, connectionString, log })
	stops.push(worker.stop)
	await worker.started
	say(`ready after ${process.uptime().toFixed(1)} s. Open ${server.url}/graphiql, or: curl ${server.url}/health`)
}

main().catch(async (error: Error) => {
	console.error(`taskq cannot start: ${error.message}`)
	await stopAll()
	process.exit(1)
})
