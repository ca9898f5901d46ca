/** Where a page of what is listed by id ends, as the next request gives it back. */
import { GraphQLError } from 'postgraphile/graphql'

const CURSOR_BYTES = 16

/** The id in a cursor; null where none is given. Throws a GraphQLError for what is no cursor. */
export function idInCursor(cursor: string | null | undefined): string | null {
	if (cursor == null) return null
	const bytes = Buffer.from(cursor, 'base64url')
	if (bytes.length !== CURSOR_BYTES || bytes.toString('base64url') !== cursor)
		throw new GraphQLError('after is no cursor of this list.', {
			extensions: {
				code: 'invalid_request',
				field: 'after',
				hint: 'Give the endCursor of an earlier page, or leave it out for the first page.',
			},
		})
	return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
