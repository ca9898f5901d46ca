import { type LookupAddress, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { FatalError } from '../../task.ts'

/** Gives every address of a host name, as `dns.lookup` with `all` does. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>

const resolveAll: Resolve = (hostname) =>
	new Promise((done, fail) => lookup(hostname, { all: true }, (error, addresses) => (error ? fail(error) : done(addresses))))

// All other IPv6 space is private, special or translates to IPv4 (RFC 4291 §2.4).
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')
// Azure's metadata and agent service lives on a public address.
const METADATA = new Set(['168.63.129.16'])

/** Whether a task may connect to this address: a public one, or one that `TASKQ_ALLOW_PRIVATE_ADDRESSES` lets in. */
export function isAllowed(address: string): boolean {
	if (!ipaddr.isValid(address)) return false
	const parsed = ipaddr.parse(address)
	if (isLetIn(parsed)) return true
	if (parsed.range() !== 'unicast' || METADATA.has(parsed.toString())) return false
	return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST)
}

/** The setting is `true` for all, or a list of networks such as `127.0.0.1/32,10.1.0.0/16`. */
function isLetIn(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
	const setting = (process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES ?? '').trim()
	if (setting === 'true') return true
	return setting.split(/[,\s]+/).some((network) => {
		if (!ipaddr.isValidCIDR(network)) return false
		const [base, bits] = ipaddr.parseCIDR(network)
		return base.kind() === address.kind() && address.match(base, bits)
	})
}

export function assertAllowed(address: string, host: string): void {
	if (isAllowed(address)) return
	const of = address === host ? '' : ` of ${host}`
	throw new FatalError(`refused to connect to ${address}${of}: not a public address (TASKQ_ALLOW_PRIVATE_ADDRESSES is not set for it)`)
}

/**
 * A `lookup` for sockets. The addresses that it tested are the ones that the socket dials: nothing resolves the name a
 * second time, so that a name server that changes its answer (DNS rebinding) gains nothing.
 */
export function guardedLookup(resolve: Resolve = resolveAll): LookupFunction {
	return (hostname, options, callback) => {
		resolve(hostname).then(
			(addresses) => {
				try {
					for (const { address } of addresses) assertAllowed(address, hostname)
				} catch (error) {
					return callback(error as Error, [])
				}
				const [first] = addresses
				if (!first) return callback(Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' }), [])
				if (options.all) callback(null, addresses)
				else callback(null, first.address, first.family)
			},
			(error) => callback(error, []),
		)
	}
}
