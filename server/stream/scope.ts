/** What a key that is for some queues gets of the stream. Null stands for all queues. */
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import type { Filters } from './filters.ts'
import type { Message } from './messages.ts'

export const isFor = (queues: readonly string[] | null, { queue }: Message): boolean =>
	!queues || (queue !== null && queues.includes(queue))

/** Workers, pools and workflows are of no queue. */
export function refuseTopics({ topics }: Filters, queues: readonly string[] | null): void {
	const refused = queues && topics.find((topic) => topic === 'resource' || topic === 'workflow')
	if (!refused) return
	throw new Problem(doorKinds.forbidden, `This API key is for some queues only, and the topic ${refused} concerns all of them.`, {
		hint: `It is for ${queues.join(', ')}. Use a key for all queues.`,
	})
}
