import { z } from 'zod'
import { FatalError, task } from '../task.ts'

const operations = {
	add: (a: number, b: number) => a + b,
	subtract: (a: number, b: number) => a - b,
	multiply: (a: number, b: number) => a * b,
	divide: (a: number, b: number) => a / b,
	power: (a: number, b: number) => a ** b,
	modulo: (a: number, b: number) => a % b,
}

type Operation = keyof typeof operations

export const math = task(
	{
		type: 'math',
		description: 'Calculates with two numbers. A remainder (modulo) has the sign of a, as in SQL.',
		payload: z.strictObject({
			operation: z.enum(Object.keys(operations) as [Operation, ...Operation[]]).describe('What to do with a and b'),
			a: z.number().describe('The first number'),
			b: z.number().describe('The second number'),
		}),
		timeoutSeconds: 10,
	},
	({ operation, a, b }) => {
		if (b === 0 && (operation === 'divide' || operation === 'modulo')) throw new FatalError(`${operation} ${a} by 0: division by zero`)
		const result = operations[operation](a, b)
		if (!Number.isFinite(result)) throw new FatalError(`${operation} of ${a} and ${b} is no finite number`)
		return { result }
	},
)
