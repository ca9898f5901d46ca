import { SafeError } from 'postgraphile/grafast'
import { invalid, type Problem } from '../problem.ts'
import { extensionsOf } from './errors.ts'

/** A problem of a request as an error that its sender may see, over HTTP and over a WebSocket. */
export const asSafeError = (problem: Problem): SafeError =>
	new SafeError(problem.message, { ...extensionsOf(problem), statusCode: problem.kind.http })

/** Refuses a document before anything is done for it; `hint` says how to ask instead. */
export function refuse(message: string, hint = 'Ask for less in one request.'): never {
	throw asSafeError(invalid('query', message, undefined, hint))
}
