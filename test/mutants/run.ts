/** `node test/mutants/run.ts`: breaks every rule of list.ts, one at a time, and prints which test sees it. Ends with 1 when one is not seen. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Killed } from './kill.ts'

const report = path.join(os.tmpdir(), `taskq-mutants-${process.pid}`)
fs.writeFileSync(report, '')
const { status } = spawnSync(process.execPath, ['test/run.ts', 'test/mutants/mutants.test.ts', ...process.argv.slice(2)], {
	cwd: path.resolve(import.meta.dirname, '../..'),
	stdio: ['ignore', 'inherit', 'inherit'],
	env: { ...process.env, MUTANTS: 'all', MUTANTS_REPORT: report },
})
const lines = fs.readFileSync(report, 'utf8').trim().split('\n').filter(Boolean)
fs.rmSync(report)

console.log('\n| mutant | caught by | seconds |\n| --- | --- | --- |')
for (const { name, by, seconds } of lines.map((line): { name: string } & Killed => JSON.parse(line))) {
	const seen = Object.entries(by).map(
		([tests, failed]) => `${tests.split(' > ')[0]}: ${failed.length ? `${failed[0]} (${failed.length})` : 'not seen'}`,
	)
	console.log(`| ${name} | ${name === 'none' ? '' : seen.join('; ')} | ${seconds.toFixed(1)} |`)
}
process.exit(status ?? 1)
