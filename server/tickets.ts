/** `POST /tickets`: what a browser shows at a WebSocket's upgrade, where it cannot send its key. */
import type { Application } from 'express'
import type { Access } from './access.ts'
import { doorKinds } from './errors.ts'
import { Problem } from './problem.ts'
import { isoInstant } from './rest/job.ts'

const ALLOW = 'POST, OPTIONS'

export const installTickets = (access: Access) => (app: Application) => {
	const route = app.route('/tickets')
	route.post(async (req, res) => {
		const { ticket, expires_at } = await access.ticketFor(req)
		res.status(201).json({ ticket, expires_at: isoInstant(expires_at.toISOString()) })
	})
	route.options((_req, res) => void res.set('Allow', ALLOW).status(204).end())
	route.all((req) => {
		throw new Problem(doorKinds.method_not_allowed, `${req.method} is not a method of /tickets.`, { headers: { Allow: ALLOW } })
	})
}
