/** Where a page of what is listed by id ends, as the next request gives it back: opaque to callers, stable because ids never change. */

const BYTES = 16

export const toCursor = (id: string): string => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')

/** The id in a cursor; undefined for what is none. */
export function idOfCursor(cursor: string): string | undefined {
	const bytes = Buffer.from(cursor, 'base64url')
	if (bytes.length !== BYTES || bytes.toString('base64url') !== cursor) return undefined
	return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
