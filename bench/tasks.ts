import { z } from 'zod'
import { type Task, task } from '../worker/task.ts'

/** Answers when its handler started, in milliseconds since 1970 with fractions. */
export const tasks: Task[] = [
	task({ type: 'stamp', payload: z.looseObject({}) }, () => ({ at: performance.timeOrigin + performance.now() })),
]
