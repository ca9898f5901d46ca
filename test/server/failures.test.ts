import test from 'ava'
import { doorKinds } from '../../server/errors.ts'
import { Failures } from '../../server/failures.ts'
import { Problem } from '../../server/problem.ts'

const refused = () => new Problem(doorKinds.unauthenticated, 'no')
const kindAfter = (failures: Failures, address: string, times: number) => {
	let last: unknown
	for (let n = 0; n < times; n++) last = failures.note(address, refused())
	return (last as Problem).kind.name
}

test('ten failures are told what they are, the eleventh to wait, each address for itself', (t) => {
	const failures = new Failures()

	t.is(kindAfter(failures, 'a', 10), 'unauthenticated')
	t.is(kindAfter(failures, 'a', 1), 'too_many_failures')
	t.is(kindAfter(failures, 'b', 1), 'unauthenticated')
})

test('what is no failing key is not counted', (t) => {
	const failures = new Failures()
	const away = new Problem(doorKinds.database_unavailable, 'away')

	for (let n = 0; n < 50; n++) t.is(failures.note('a', away), away)
	t.is(kindAfter(failures, 'a', 1), 'unauthenticated')
})

test('as many addresses as there may be cost no more memory than ten thousand', (t) => {
	const failures = new Failures()
	kindAfter(failures, 'first', 11)

	for (let n = 0; n < 10_000; n++) failures.note(`n${n}`, refused())

	t.is(kindAfter(failures, 'first', 1), 'unauthenticated', 'the one that was last seen longest ago is forgotten')
})
