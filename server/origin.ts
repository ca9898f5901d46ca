/** What a browser says about the page that calls. Programs say nothing of the kind, and are not asked to. */
import type { IncomingHttpHeaders } from 'node:http'
import { doorKinds } from './errors.ts'
import { Problem } from './problem.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i

/** Whether only this machine can reach a server that is bound to this host. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host)

/**
 * On loopback the browser's user is the operator, so pages of other sites must not get in: neither by a request of their own
 * (its Origin is theirs) nor under a name of theirs that they point at 127.0.0.1 (then the Host is theirs).
 */
export function refuseForeign({ host = '', origin }: IncomingHttpHeaders): void {
	const hint = 'Without an API key, only programs and pages of this machine may call.'
	if (!isLoopback(host.replace(/:\d+$/, '')))
		throw new Problem(doorKinds.forbidden, `This server is not called ${JSON.stringify(host)}.`, { hint })
	if (origin !== undefined && origin !== `http://${host}`)
		throw new Problem(doorKinds.forbidden, `Pages of ${JSON.stringify(origin)} may not call.`, { hint })
}

/** Browsers let any page open a WebSocket anywhere, so the server looks where the page is from: here, or where ALLOWED_ORIGINS says. */
export function refuseOtherSites({ host = '', origin }: IncomingHttpHeaders, allowed: readonly string[]): void {
	if (origin === undefined || allowed.includes(origin) || origin === `http://${host}` || origin === `https://${host}`) return
	throw new Problem(doorKinds.forbidden, `Pages of ${JSON.stringify(origin)} may not open a WebSocket here.`, {
		hint: 'Only pages of this server may; name others in ALLOWED_ORIGINS.',
	})
}
