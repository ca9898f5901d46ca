/** `POST /tickets`: what a browser shows at a WebSocket's upgrade, where it cannot send its key. */
import { z } from 'zod'
import { json, operation, type Routes } from './operation.ts'
import type { Services } from './routes.ts'
import { instant, isoInstant } from './shapes.ts'

const ticket = z.strictObject({ ticket: z.string(), expires_at: instant })

export const ticketRoutes = ({ access }: Services): Routes => ({
	'/tickets': {
		post: operation({
			summary: 'A ticket for a WebSocket that a page opens',
			description:
				'It stands for the key of this request, once and for 30 seconds: `/jobs/stream?ticket=…`, `/graphql?ticket=…`. Keys have no place in a URL.',
			tag: 'other doors',
			answers: { 201: json(ticket, 'The ticket.') },
			async handle({ req }) {
				const { ticket, expires_at } = await access.ticketFor(req)
				return { ticket, expires_at: isoInstant(expires_at) }
			},
		}),
	},
})
