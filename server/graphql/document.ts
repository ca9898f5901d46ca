/** What is counted on the text of a document, before it is parsed: parsing is recursive, and costs more than reading. */
import { type DocumentNode, GraphQLError, Lexer, parse, Source, TokenKind } from 'postgraphile/graphql'
import { Problem } from '../problem.ts'
import { checkText } from '../rest/json.ts'
import { asSafeError, refuse } from './refusal.ts'

const MAX_TOKENS = 10_000
/** Nesting of selections and of values. */
const MAX_BRACES = 200
/** Nobody needs more, and validation compares those of one place with each other. */
const MAX_DIRECTIVES = 50

const OPENS = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const CLOSES = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/** Parses a document that is not too large; undefined for one that cannot be parsed, which the parser's own errors are left for. */
export function readDocument(query: string): DocumentNode | undefined {
	try {
		checkTokens(query)
		return parse(query, { noLocation: true })
	} catch (error) {
		if (error instanceof GraphQLError) return undefined
		throw error instanceof Problem ? asSafeError(error) : error
	}
}

function checkTokens(query: string): void {
	const lexer = new Lexer(new Source(query))
	let braces = 0
	let directives = 0
	for (let count = 1; ; count++) {
		const { kind, value } = lexer.advance()
		if (kind === TokenKind.EOF) return
		if (count > MAX_TOKENS) refuse(`The query has more than ${MAX_TOKENS} tokens.`, 'Give long lists as variables.')
		if (OPENS.has(kind) && ++braces > MAX_BRACES) refuse(`The query is nested more than ${MAX_BRACES} levels deep.`)
		if (CLOSES.has(kind)) braces--
		if (kind === TokenKind.AT && ++directives > MAX_DIRECTIVES) refuse(`The query has more than ${MAX_DIRECTIVES} directives.`)
		if (kind === TokenKind.STRING || kind === TokenKind.BLOCK_STRING) checkText(value, 'query')
	}
}
