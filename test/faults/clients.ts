/** A process of clients, forked by the storm: calls at a rate, each in the ledger before it is made and after it is answered. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { makePool } from '../../db/pool.ts'
import { type Answered, type Door, Failure, restDoor, sqlDoor } from './doors.ts'
import type { Invoke } from './events.ts'
import { openLedger } from './ledger.ts'
import { type Mix, makeJob, makeWorkflow } from './requests.ts'

export interface ClientOptions {
	url: string
	server: string
	ledger: string
	mix: Mix
}

/** What the storm says: jobs a second from now on; or that it is enough, after which all that is open is brought to an answer. */
export type ToClients = { rate: number } | 'stop'

/** What clients that wait for an answer could make at once; when so many wait, no more come. */
const MOST_OPEN = 60
/** Doors that are closed are not hammered. */
const AGAIN_MS = 200

const options = JSON.parse(process.argv[2]!) as ClientOptions
const { write } = await openLedger(options.ledger)
const pool = makePool({ connectionString: options.url, role: 'taskq_client', name: 'taskq faults client', max: 12 })
const doors: Record<Invoke['door'], Door> = { sql: sqlDoor(pool), rest: restDoor(options.server) }

let rate = 0
let stopping = false
let open = 0
/** Jobs that were acknowledged of late: what cancels and repeated calls are about. */
const recent: string[] = []
const answered: (() => Promise<void>)[] = []

const chance = (share: number): boolean => Math.random() < share

type Request = Omit<Invoke, 'is' | 'op' | 't'> & { send: (door: Door) => Promise<Answered> }

function makeRequest(): Request {
	const door = chance(0.3) ? 'rest' : 'sql'
	const base = randomUUID()
	if (recent.length > 0 && chance(0.03)) {
		const job = recent[Math.floor(Math.random() * recent.length)]!
		return { call: 'cancel', door, tags: [], keyed: false, job, send: (through) => through.cancel(job) }
	}
	if (chance(0.04)) {
		const tags = Array.from({ length: 4 }, (_, n) => `${base}/${n}`)
		const graph = makeWorkflow(tags, options.mix)
		return { call: 'workflow', door, tags, keyed: true, send: (through) => through.workflow(graph) }
	}
	const keyed = chance(0.7)
	// through REST each job is a call of its own, so a list of them without keys could be stored in part
	const count = chance(0.2) && (door === 'sql' || keyed) ? 5 : 1
	const tags = Array.from({ length: count }, (_, n) => `${base}/${n}`)
	const jobs = tags.map((tag) => ({ ...makeJob(tag, options.mix), ...(keyed ? { idempotency_key: tag } : {}) }))
	return { call: 'submit', door, tags, keyed, send: (through) => through.submit(jobs) }
}

/** One call. Answers whether it has been answered for good. */
async function make({ send, ...about }: Request): Promise<boolean> {
	const op = randomUUID()
	write({ is: 'invoke', op, t: Date.now(), ...about })
	try {
		const { ids, status } = await send(doors[about.door])
		write({ is: 'ok', op, t: Date.now(), ids, ...(status ? { status } : {}) })
		if (about.call === 'submit') recent.push(...ids)
		if (recent.length > 200) recent.splice(0, recent.length - 200)
		return true
	} catch (error) {
		const end = { op, t: Date.now(), error: String(error) }
		write(error instanceof Failure ? { is: 'failed', ...end, refused: error.refused } : { is: 'unknown', ...end })
		return false
	}
}

/** As a careful client does it: a call with a key is made again until it is answered, and now and then once more. */
async function play(request: Request): Promise<void> {
	open++
	while (!(await make(request)) && request.keyed) await sleep(AGAIN_MS)
	open--
	if (request.keyed && chance(0.05)) answered.push(async () => void (await make(request)))
}

async function issue(): Promise<void> {
	let owed = 0
	let last = performance.now()
	while (!stopping) {
		await sleep(10)
		const now = performance.now()
		owed = Math.min(owed + (rate * (now - last)) / 1000, rate) // what could not be asked for within a second never is
		last = now
		while (owed >= 1 && open < MOST_OPEN) {
			const request = makeRequest()
			owed -= request.tags.length
			void play(request)
		}
		if (answered.length > 2) void answered.shift()!()
	}
	while (open > 0) await sleep(20)
	await pool.end()
	process.exit(0)
}

process.on('message', (message: ToClients) => {
	if (message === 'stop') stopping = true
	else rate = message.rate
})
process.on('disconnect', () => process.exit(1)) // the storm is gone
void issue()
process.send!('ready')
