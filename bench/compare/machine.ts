import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Cluster, SERVER } from './cluster.ts'
import { peerVersion } from './peers.ts'
import type { Machine } from './results.ts'
import { systems } from './systems.ts'

const root = path.resolve(import.meta.dirname, '../..')

/** What the figures depend on beside the programs. */
export async function describeMachine({ admin }: Cluster): Promise<Machine> {
	const { rows } = await admin.query(
		`select name, setting, unit from pg_settings where name in ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes')`,
	)
	const setting = (name: string): string => rows.find((row) => row.name === name).setting
	const peers = systems.flatMap((system) => system.package ?? [])
	return {
		cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
		cores: os.cpus().length,
		memory_gb: Math.round(os.totalmem() / 2 ** 30),
		system: `${os.type()} ${os.release()}`,
		node: process.version,
		postgres: setting('server_version'),
		settings: {
			...SERVER,
			...Object.fromEntries(['fsync', 'synchronous_commit', 'full_page_writes'].map((name) => [name, setting(name)])),
		},
		versions: {
			taskq: JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version,
			...Object.fromEntries(peers.map((name) => [name, peerVersion(name)])),
		},
	}
}
