import fs from 'node:fs'
import path from 'node:path'
import { type Cluster, openCluster } from './cluster.ts'
import { makeDir } from './volume.ts'

/** What belongs to the running server and not to a copy of it, as pg_basebackup leaves it out. */
const LEFT_OUT = /^(postmaster\.(pid|opts)|postgresql\.log|pg_internal\.init|pg_(wal|replslot|stat_tmp|notify|dynshmem)\/.+)$/

/**
 * A server that follows this one by streaming: a base backup over the low-level interface, since the binaries that npm brings
 * have no pg_basebackup. `name` is what `synchronous_standby_names` knows it by; `url` a way to the primary that can be cut.
 */
export async function makeStandby(primary: Cluster, name: string, url = primary.url): Promise<Cluster> {
	const volume = makeDir(`${path.basename(primary.data.dir).replace('taskq-test-', '')}-${name}`)
	const [from, to] = [path.join(primary.data.dir, 'data'), path.join(volume.dir, 'data')]
	const client = await primary.db.client() // start and stop must be of one session
	await client.query(`select pg_backup_start('taskq', fast => true)`)
	copy(from, to)
	const { rows } = await client.query('select labelfile from pg_backup_stop(false)')
	fs.writeFileSync(path.join(to, 'backup_label'), rows[0].labelfile)
	fs.writeFileSync(path.join(to, 'standby.signal'), '')
	const { uid, gid } = fs.statSync(path.join(from, 'PG_VERSION'))
	own(to, uid, gid)

	const { hostname, port, username, password } = new URL(url)
	const conninfo = `host=${hostname} port=${port} user=${username} password=${password} application_name=${name} sslmode=disable gssencmode=disable`
	return openCluster(volume, { settings: { primary_conninfo: conninfo, hot_standby: 'on' } })
}

/** Files that come and go meanwhile are the business of the WAL. */
function copy(from: string, to: string, below = ''): void {
	fs.mkdirSync(path.join(to, below), { mode: 0o700 })
	for (const entry of fs.readdirSync(path.join(from, below), { withFileTypes: true })) {
		const name = path.join(below, entry.name)
		if (LEFT_OUT.test(name)) continue
		if (entry.isDirectory()) copy(from, to, name)
		else if (entry.isFile()) copyFile(path.join(from, name), path.join(to, name))
	}
}

function copyFile(from: string, to: string): void {
	try {
		fs.copyFileSync(from, to)
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
	}
}

function own(dir: string, uid: number, gid: number): void {
	fs.chownSync(dir, uid, gid)
	for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
		const file = path.join(dir, entry.name)
		if (entry.isDirectory()) own(file, uid, gid)
		else fs.chownSync(file, uid, gid)
	}
}
