import type { Mutant } from './mutant.ts'

/** Rules of the stream of events. */
export const streamMutants: Mutant[] = [
	{
		name: 'who is under way is taken to have a lower transaction id than who has ended',
		file: '8_read/next_xid.sql',
		from: 'greatest(age(s.xmax::xid), 0)',
		to: '0',
		caughtBy: ['test/functions/8_read/read_events.test.ts > *began after the one that has passed it*'],
	},
]
