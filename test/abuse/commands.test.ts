import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { z } from 'zod'
import { task } from '../../worker/task.ts'
import { dataExport } from '../../worker/tasks/data-export.ts'
import { dataProcessing } from '../../worker/tasks/data-processing.ts'
import { reportGeneration } from '../../worker/tasks/report-generation.ts'
import { submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { startWorker } from '../support/worker.ts'
import { run, useFolders } from '../worker/tasks/support.ts'
import { prototypes, sql } from './corpus.ts'

const db = useDb(test)

const folder = mkdtempSync(join(tmpdir(), 'taskq-abuse-'))
const mark = join(folder, 'mark')
test.after.always(() => rmSync(folder, { recursive: true }))

/** What a shell would run, and what a program would take for an option of its own. */
const shell = [
	...[
		`; touch ${mark}`,
		`| touch ${mark}`,
		`&& touch ${mark}`,
		`|| touch ${mark}`,
		`$(touch ${mark})`,
		`\`touch ${mark}\``,
		`\n touch ${mark}\n`,
		`'; touch ${mark}; '`,
	],
	...[
		`"; touch ${mark}; "`,
		'--help',
		'-e',
		`-e require('fs').writeFileSync('${mark}','')`,
		'--require=/etc/passwd',
		'-o',
		'@/etc/passwd',
		'%s%n',
		'$HOME',
		'~',
		'*',
		'{a,b}',
	],
	...[`<(touch ${mark})`, `>${mark}`, `\${IFS}touch\${IFS}${mark}`, '!!', '\\', "'", '"', ...sql, ...prototypes],
]

/** Answers what it was given, in every way in which a program is given anything. */
const mirror = task({
	type: 'mirror',
	payload: z.looseObject({}),
	isolation: 'process',
	command: [
		process.execPath,
		'-e',
		"let text = ''; process.stdin.on('data', (d) => (text += d)).on('end', () => console.log(JSON.stringify({ given: JSON.parse(text), argv: process.argv.slice(1), execArgv: process.execArgv.length })))",
		'fixed',
	],
})

test.serial('nothing of a payload comes near a shell or the arguments of a command', async (t) => {
	await startWorker(t, db, [mirror])
	const payloads = [{ text: shell }, Object.fromEntries(shell.filter((name) => name !== '__proto__').map((name) => [name, name]))]

	for (const payload of payloads) {
		const { id } = await submit(db, { type: 'mirror', payload, name: `; touch ${mark}`.slice(0, 200), metadata: { a: `$(touch ${mark})` } })
		const { status, result, error } = await until(() =>
			db.row('select status, result, error from taskq_private.finished_jobs where job_id = $1', [id]),
		)

		t.is(status, 'completed', JSON.stringify(error))
		t.deepEqual(result, { given: payload, argv: ['fixed'], execArgv: 2 })
	}
	t.false(existsSync(mark))
})

test.serial('no path of a payload leads out of the folders of tasks', async (t) => {
	const own = await useFolders()
	await mkdir(join(own, 'output'))
	const paths = [
		...[
			'../../etc/passwd',
			'/etc/passwd',
			'..',
			'.',
			'',
			'a/../../../etc/passwd',
			'....//....//etc/passwd',
			'..\\..\\etc\\passwd',
			'%2e%2e/etc/passwd',
			'a\0.csv',
		],
		...[
			'/dev/stdin',
			'/proc/self/environ',
			'/proc/self/fd/0',
			'file:///etc/passwd',
			'~/.bashrc',
			'-rf',
			'\u2025/etc/passwd',
			'．．/etc/passwd',
		],
	]

	for (const file of paths) {
		const attempts = [
			run(dataProcessing, { input: { file }, aggregates: [{ op: 'count' }] }),
			run(reportGeneration, { source: { file } }),
			run(reportGeneration, { report_type: file, source: { csv: 'a\n1\n' } }),
			run(dataExport, { table: file }),
		]
		for (const [n, attempt] of (await Promise.allSettled(attempts)).entries())
			t.is(attempt.status, 'rejected', `${n} ${file}: ${attempt.status === 'fulfilled' && JSON.stringify(attempt.value)}`)
	}
	await writeFile(join(own, 'output/good.csv'), 'a\n1\n')
	t.is(
		(await run(dataProcessing, { input: { file: 'good.csv' }, aggregates: [{ op: 'count' }] })).rows?.[0]?.count,
		1,
		'a good one is read',
	)
	t.true((await readdir(own)).every((name) => ['output', 'outbox'].includes(name)))
	t.false(existsSync(mark))
})
