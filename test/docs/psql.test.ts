import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { useDb } from '../support/db.ts'
import { root } from '../support/file-rules.ts'
import { HANGS_AFTER_MS } from '../support/patience.ts'
import { makeScenario } from '../support/scenario.ts'

// `TASKQ_WRITE_DOCS=1 npm test -- test/docs/psql.test.ts` writes the answers into docs/psql.md anew.

const db = useDb(test)
const file = path.join(root, 'docs/psql.md')
const page = fs.readFileSync(file, 'utf8')
const hasPsql = spawnSync('psql', ['--version']).status === 0

interface Question {
	question: string
	line: string
	answer: string
}

const pattern = /^### (.*)\n\n```sql\n(.*)\n```\n(?:\n```text\n([\s\S]*?)\n```\n)?/gm
const questions: Question[] = [...page.matchAll(pattern)].map(([, question, line, answer]) => ({
	question: question!,
	line: line!,
	answer: answer ?? '',
}))

/** The names of the columns of psql's answer, in a table or one below the other. */
function columnsOf(answer: string): string[] {
	if (answer.startsWith('-[ RECORD')) return [...answer.matchAll(/^(\w+) +\|/gm)].map(([, name]) => name!)
	return answer
		.split('\n')[0]!
		.split('|')
		.map((name) => name.trim())
}

function ask(line: string, variables: Record<string, string>): { status: number | null; answer: string; problem: string } {
	const set = Object.entries(variables).flatMap(([name, value]) => ['-v', `${name}=${value}`])
	const run = spawnSync('psql', ['-X', '-q', db.url, '-v', 'ON_ERROR_STOP=1', ...set, '-f', '-'], {
		input: line,
		encoding: 'utf8',
		timeout: HANGS_AFTER_MS,
		env: { ...process.env, PGOPTIONS: '-c role=taskq_operator -c timezone=UTC' },
	})
	return { status: run.status, answer: run.stdout.replaceAll(/ +$/gm, '').trimEnd().replace(/^\n+/, ''), problem: run.stderr }
}

const isAnswered = (answer: string): boolean => /^-\[ RECORD 1|^\([1-9]\d* rows?\)$/m.test(answer)

test('every question of docs/psql.md is answered by its one line, in the columns that the page shows', async (t) => {
	if (!hasPsql) return t.log('NOT TESTED: there is no psql here. Install postgresql-client and run this again.')
	const variables = await makeScenario(db)
	let written = page

	for (const { question, line, answer } of questions) {
		const asked = ask(line, variables)

		t.is(asked.status, 0, `${question}\n${asked.problem}`)
		t.true(isAnswered(asked.answer), `${question} was answered with nothing:\n${asked.answer}`)
		if (process.env.TASKQ_WRITE_DOCS)
			written = written.replace(pattern, (all, title, sql) =>
				title === question ? `### ${title}\n\n\`\`\`sql\n${sql}\n\`\`\`\n\n\`\`\`text\n${asked.answer}\n\`\`\`\n` : all,
			)
		else t.deepEqual(columnsOf(answer), columnsOf(asked.answer), `${question}: TASKQ_WRITE_DOCS=1 writes the page anew`)
	}
	if (process.env.TASKQ_WRITE_DOCS) fs.writeFileSync(file, written)
	t.true(questions.length >= 20)
})

test('the table of checks has every check, its unit and its limits', async (t) => {
	const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (\d+) \| (\d*) ?\|/gm)].map(([, name, unit, warn, critical]) => [
		name,
		unit,
		warn,
		critical,
	])
	const checks = await db.rows('select check_name, unit, warn_at, critical_at from taskq.health')

	t.deepEqual(
		rows.sort(),
		checks.map(({ check_name, unit, warn_at, critical_at }) => [check_name, unit, `${warn_at}`, `${critical_at ?? ''}`]).sort(),
	)
})

test('a line that fails, or that answers nothing, would be noticed', (t) => {
	if (!hasPsql) return t.log('NOT TESTED: there is no psql here.')

	t.not(ask('select nothing from taskq.jobs;', {}).status, 0)
	t.false(isAnswered(ask('select job_id from taskq.jobs where false;', {}).answer))
	t.deepEqual(columnsOf(ask('select 1 as a, 2 as b;', {}).answer), ['a', 'b'])
	t.deepEqual(columnsOf(ask('select 1 as a, 2 as b \\gx', {}).answer), ['a', 'b'])
})
