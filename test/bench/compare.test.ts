import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import type { Results } from '../../bench/compare/results.ts'
import { emptyHint } from '../../bench/compare/rows/notification.ts'

const root = path.resolve(import.meta.dirname, '../..')

test('a small run of taskq and the minimal queue drains all and keeps its figures', async (t) => {
	t.timeout(300_000)
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-compare-test-'))
	t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }))
	const out = path.join(folder, 'figures.json')
	const args = ['bench/compare.ts', '--jobs', '200', '--rounds', '1', '--rows', 'bulk,drain', '--systems', 'taskq,minimal', '--out', out]

	const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env: { ...process.env, TMPDIR: folder } })

	const { rows } = JSON.parse(fs.readFileSync(out, 'utf8')) as Results
	const { entries } = rows.drain!
	t.is(entries.length, 2 * 2)
	for (const { samples } of [...entries, ...rows.bulk!.entries]) {
		t.is(samples.length, 1)
		for (const sample of samples) t.true(sample.jobs_per_second! > 0 && sample.wal_bytes! > 0)
	}
	t.regex(stdout, /^200 jobs, 2 workers +taskq/m)
	t.deepEqual(fs.readdirSync(folder), ['figures.json'])
})

test('the function that notifies can be emptied', (t) => {
	const sql = emptyHint()

	t.is(sql.match(/pg_notify/g), null)
	t.true(sql.includes('begin\nend;') && sql.includes('create or replace function taskq_private.hint(topic text)'))
})
