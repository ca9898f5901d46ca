import test from 'ava'
import { Kept } from './kept.ts'

/** A process that works from this start on; each end of it that nobody brought about. */
function keep(works: number): { kept: Kept; ends: string[] } {
	const ends: string[] = []
	const kept = new Kept({
		slot: 'late',
		start: (name) => ({ name, program: 'test/faults/late.ts', args: [name, `${works}`], readyLine: 'it works' }),
		onEnd: ({ name }, how) => ends.push(`${name}: ${how}`),
	})
	return { kept, ends }
}

test('a process that ends before it works is started again, and waited for', async (t) => {
	const { kept, ends } = keep(3)

	await kept.untilReady()
	const { name } = kept.running
	await kept.stop()

	t.is(name, 'late.3')
	t.deepEqual(ends, ['late.1: status 0', 'late.2: status 0'])
})

test('one that never works is given up, and it is said how it ended', async (t) => {
	const { kept } = keep(1_000)

	await t.throwsAsync(kept.untilReady(), { message: /^late\.\d+ did not begin to work: status 0/ })
	await kept.stop()
})
