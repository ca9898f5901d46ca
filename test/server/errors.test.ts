import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import pg from 'pg'
import { doorKinds, kindOf, sqlstateClasses, sqlstates } from '../../server/errors.ts'
import { Problem, problemOf, Unavailable } from '../../server/problem.ts'

const root = path.resolve(import.meta.dirname, '../..')
const register = readFileSync(path.join(root, 'docs/errors.md'), 'utf8')

function databaseError(code: string, rest: Partial<pg.DatabaseError> = {}): pg.DatabaseError {
	return Object.assign(new pg.DatabaseError('some words', 1, 'error'), { code, ...rest })
}

test('the register lists each SQLSTATE of the map with its name and HTTP status', (t) => {
	const listed = [...register.matchAll(/^\| ([0-9A-Z]{2}[0-9A-Z*]{3}) \| (\w+) \| (\d+) \|/gm)].map(([, code, name, http]) => [
		code,
		name,
		http,
	])
	const mapped = [...Object.entries(sqlstates), ...Object.entries(sqlstateClasses).map(([start, kind]) => [`${start}***`, kind] as const)]

	t.deepEqual(listed.toSorted(), mapped.map(([code, { name, http }]) => [code, name, String(http)]).toSorted())
})

test('the register lists what the doors refuse by themselves', (t) => {
	const listed = [...register.matchAll(/^\| ([a-z_]+) \| (\d+) \|/gm)].map(([, name, http]) => [name, http])
	const shared = new Set([...Object.values(sqlstates), ...Object.values(sqlstateClasses)])

	const own = Object.values(doorKinds).filter((kind) => !shared.has(kind))

	t.deepEqual(listed.toSorted(), own.map(({ name, http }) => [name, String(http)]).toSorted())
})

test('every SQLSTATE of class TQ that the functions raise is in the map, and none is there for nothing', (t) => {
	const sources = globSync(path.join(root, 'functions/**/*.sql')).map((file) => readFileSync(file, 'utf8'))

	const raised = new Set(sources.flatMap((source) => source.match(/'TQ\d{3}'|"TQ\d{3}"/g) ?? []).map((quoted) => quoted.slice(1, -1)))

	t.deepEqual(
		[...raised].toSorted(),
		Object.keys(sqlstates)
			.filter((code) => code.startsWith('TQ'))
			.toSorted(),
	)
})

test('a TQ error carries its field, state, job, workflow or members', (t) => {
	const state = problemOf(databaseError('TQ409', { detail: 'completed', hint: 'wait' }))
	const field = problemOf(databaseError('TQ422', { column: 'queue', detail: 'Field: queue' }))
	const first = '0190a0a0-0000-7000-8000-000000000000'
	const key = problemOf(databaseError('TQ410', { detail: first, column: 'jobs[2].idempotency_key' }))
	const ofWorkflow = problemOf(databaseError('TQ410', { detail: first, column: 'workflow.idempotency_key' }))
	const hidden = problemOf(databaseError('TQ410', { detail: 'Field: workflow.idempotency_key', column: 'workflow.idempotency_key' }))
	const cycle = problemOf(databaseError('TQ425', { detail: '["a", "b c", "a"]' }))

	t.like(state.details, { state: 'completed', hint: 'wait', sqlstate: 'TQ409' })
	t.like(field.details, { field: 'queue', errors: [{ field: 'queue', message: 'some words' }], state: undefined })
	t.like(key.details, { jobId: first, workflowId: undefined })
	t.like(ofWorkflow.details, { workflowId: first, jobId: undefined })
	t.like(hidden.details, { workflowId: undefined, jobId: undefined })
	t.deepEqual(cycle.details.members, ['a', 'b c', 'a'])
})

test('errors of the connection are 503, by class and never by text', (t) => {
	const away = ['08006', '53300', '57014', '57P01', '57P03', '40001', '40P01', '25006', '3F000'].map((code) => databaseError(code))

	for (const error of [...away, new Unavailable(new Error('anything'), true)]) {
		const problem = problemOf(error)

		t.is(problem.kind.name, 'database_unavailable')
		t.is(problem.kind.http, 503)
	}
})

test('bad values are 422 whatever the database calls them, and what nobody expected is 500 without its words', (t) => {
	for (const code of ['22P05', '22021', '22P02', '22003', '54001', '23514']) t.is(kindOf(code)?.http, 422)
	for (const error of [databaseError('XX000'), new Error('some words'), 'some words', undefined]) {
		const problem = problemOf(error)

		t.is(problem.kind.http, 500)
		t.notRegex(problem.message, /some words/)
	}
	const problem = new Problem(doorKinds.forbidden, 'no')
	t.is(problemOf(problem), problem)
})
