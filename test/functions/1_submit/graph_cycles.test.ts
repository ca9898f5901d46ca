import test from 'ava'
import fc from 'fast-check'
import { useDb } from '../../support/db.ts'
import { jobsOf, submitGraph, submitJobs } from '../../support/graph.ts'
import { errorOf, makeStage, type SqlError } from '../../support/stage.ts'

const db = useDb(test)

/** The members of the cycle that an error names. */
const members = ({ code, detail }: SqlError): string[] => (code === 'TQ425' ? JSON.parse(detail!) : [String(code)])

/** A cycle may be told from any of its members on. */
const from = (first: string, cycle: string[]): string[] => {
	const ring = cycle.slice(1)
	const start = ring.indexOf(first)
	return start < 0 ? cycle : [...ring.slice(start), ...ring.slice(0, start), first]
}

test('a job that waits for itself is a cycle of one', async (t) => {
	const stage = await makeStage(db)

	const error = await errorOf(submitGraph(db, stage, { a: [], b: ['a', 'b'] }))

	t.like(error, { code: 'TQ425', column: 'jobs[1].depends_on' })
	t.deepEqual(members(error), ['b', 'b'])
	t.deepEqual(members(await errorOf(submitGraph(db, stage, { a: [{ job: 'a', condition: 'finished' }] }))), ['a', 'a'])
})

test('the members of a cycle are named in their order, and what only leads there or hangs on it is not', async (t) => {
	const stage = await makeStage(db)

	const error = await errorOf(
		submitGraph(db, stage, {
			above: [],
			a: ['c', 'above'],
			b: ['a'],
			c: ['b', { job: 'above', condition: 'failure' }],
			below: ['c'],
			last: ['below'],
		}),
	)

	t.deepEqual(from('a', members(error)), ['a', 'c', 'b', 'a'])
	t.regex(error.column!, /^jobs\[[123]\]\.depends_on$/)
})

test('jobs of a cycle without names are told by their place', async (t) => {
	const stage = await makeStage(db)

	const error = await errorOf(submitGraph(db, stage, { a: ['a'] }).catch((e) => Promise.reject(e)))
	const long = await errorOf(submitJobs(db, [...jobsOf(stage, { a: ['b'], b: ['a'] }), { type: stage.type }]))

	t.deepEqual(
		[members(error), from('a', members(long))],
		[
			['a', 'a'],
			['a', 'b', 'a'],
		],
	)
})

test('a cycle of 5,000 is found and all of it is named', async (t) => {
	const stage = await makeStage(db)
	const ring = Array.from({ length: 5000 }, (_, n) => [`n${n}`, [`n${(n + 1) % 5000}`]] as const)

	const cycle = members(await errorOf(submitGraph(db, stage, Object.fromEntries(ring))))

	t.is(cycle.length, 5001)
	t.deepEqual(from('n0', cycle), [...ring.map(([name]) => name), 'n0'])
})

test('one edge that closes a cycle in a wide and deep graph is found', async (t) => {
	const stage = await makeStage(db)
	const layer = (n: number) => Array.from({ length: 10 }, (_, m) => `l${n}-${m}`)
	const graph = Object.fromEntries(
		Array.from({ length: 50 }, (_, n) => layer(n).map((name) => [name, n ? layer(n - 1) : []] as const)).flat(),
	)

	const cycle = members(await errorOf(submitGraph(db, stage, { ...graph, 'l0-3': ['l49-7'] })))

	t.is(cycle.length, 51)
	t.true(cycle.includes('l0-3') && cycle.includes('l49-7'))
	t.is(Object.keys(await submitGraph(db, stage, graph)).length, 500)
})

/** Edges between so many jobs, any way round. */
const graphs = fc.integer({ min: 1, max: 9 }).chain((size) => {
	const job = fc.integer({ min: 1, max: size })
	return fc.record({ size: fc.constant(size), edges: fc.uniqueArray(fc.tuple(job, job), { selector: String, maxLength: 14 }) })
})

/** Whether someone can walk from a job to itself, by trying. */
const hasCycle = (edges: [number, number][]): boolean => {
	const reaches = (at: number, goal: number, seen: Set<number>): boolean =>
		edges.some(([from, to]) => from === at && (to === goal || (!seen.has(to) && reaches(to, goal, seen.add(to)))))
	return edges.some(([start]) => reaches(start, start, new Set()))
}

test('of any graph all jobs are sorted behind what they depend on, or a true cycle is found', async (t) => {
	await fc.assert(
		fc.asyncProperty(graphs, async ({ size, edges }) => {
			const [parents, children] = [edges.map(([parent]) => parent), edges.map(([, child]) => child)]
			const { sorted } = await db.row('select taskq_private.topological_order($1, $2, $3) as sorted', [size, parents, children])
			t.is(new Set(sorted).size, sorted.length)
			for (const [parent, child] of edges)
				if (sorted.includes(child)) t.true(sorted.includes(parent) && sorted.indexOf(parent) < sorted.indexOf(child))
			t.is(sorted.length < size, hasCycle(edges))
			if (sorted.length === size) return
			const { cycle } = await db.row('select taskq_private.find_cycle($1, $2, $3) as cycle', [sorted, parents, children])
			t.true(cycle.length > 1 && cycle[0] === cycle.at(-1) && new Set(cycle).size === cycle.length - 1)
			for (let n = 1; n < cycle.length; n++) t.true(edges.some(([parent, child]) => child === cycle[n - 1] && parent === cycle[n]))
		}),
		{ numRuns: 150 },
	)
})
