import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { fileURLToPath, URL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import pg from 'pg'
import { type Mutant, mutatedSql } from './mutant.ts'

const root = path.resolve(import.meta.dirname, '../..')
const ava = path.join(path.dirname(fileURLToPath(import.meta.resolve('ava'))), 'cli.js')

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
	const client = new pg.Client(url)
	await client.connect()
	try {
		return await use(client)
	} finally {
		await client.end()
	}
}

/** Lends a template that is like the one of this run but for the mutant; without one, just that. */
async function withTemplate<T>(mutant: Mutant | null, use: (name: string) => Promise<T>): Promise<T> {
	const { TEST_PG_URL: url, TEST_PG_TEMPLATE: template } = process.env
	if (!url || !template)
		throw new Error('Run mutants with `npm test` or `node test/mutants/run.ts`: these start PostgreSQL and make the template.')
	if (!mutant) return use(template)
	const sql = mutatedSql(mutant)
	const name = `mutant_${randomUUID().replaceAll('-', '').slice(0, 16)}`
	return withClient(url, async (admin) => {
		await admin.query(`create database ${name} template ${template} strategy file_copy`)
		await withClient(Object.assign(new URL(url), { pathname: `/${name}` }).href, (client) => client.query(sql))
		await admin.query(`alter database ${name} with allow_connections false is_template true`)
		try {
			return await use(name)
		} finally {
			await admin.query(`alter database ${name} with is_template false`)
			await admin.query(`drop database ${name} with (force)`)
		}
	})
}

/** What AVA says of a test that failed, and of all when they have ended. A hook that goes before the tests says nothing of them. */
const FAILED = /^\s*✘ \[fail\]: (?!before hook)(.*)$/gm
const ENDED = /^\s*\d+ (?:tests?|hooks?) (?:passed|failed)$/m

/** The tests of one file that fail, by title. */
async function failing(tests: string, template: string): Promise<string[]> {
	const [file, title] = tests.split(' > ')
	const child = spawn(process.execPath, [ava, file!, ...(title ? ['--match', title] : [])], {
		cwd: root,
		stdio: ['ignore', 'pipe', 'pipe'],
		timeout: 300_000, // a mutant may wait for ever
		env: { ...process.env, TEST_PG_TEMPLATE: template, INTERLEAVINGS: '', MUTANTS: '' },
	})
	let output = ''
	for (const stream of [child.stdout, child.stderr])
		stream.on('data', (chunk) => {
			output += stripVTControlCharacters(String(chunk))
		})
	await new Promise((resolve) => child.on('close', resolve))
	if (!ENDED.test(output)) throw new Error(`${tests} did not get to its end:\n${output.slice(-2000)}`)
	return [...output.matchAll(FAILED)].map(([, failed]) => failed!)
}

export interface Killed {
	/** The tests that failed, by the file that they are in. */
	by: Record<string, string[]>
	seconds: number
}

/** Runs what must see this mutant against a database that has it; without a mutant, against a sound one. */
export function kill(mutant: Mutant | null, tests: string[]): Promise<Killed> {
	const started = performance.now()
	return withTemplate(mutant, async (template) => {
		const by: Record<string, string[]> = {}
		for (const one of tests) by[one] = await failing(one, template)
		return { by, seconds: (performance.now() - started) / 1000 }
	})
}
