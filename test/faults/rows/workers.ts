import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../support/patience.ts'
import type { Step } from '../events.ts'
import { kill, pause, restart } from '../nemesis.ts'
import type { Storm } from '../storm.ts'
import type { Row } from '../trial.ts'
import { repeat } from './repeat.ts'

/** Heartbeats come each 10 seconds; the default of 30 would only make this longer. */
const LEASE_SECONDS = 15

/** How long after its worker was killed each job that it had ran again, by the database's clock. Few on a short run. */
const noteRescues: NonNullable<Row['expect']> = (storm, { faults }, { executions }) => {
	const kills = faults.filter(({ fault }) => fault === 'kill')
	const again = executions
		.filter(({ outcome }) => outcome === 'lost')
		.flatMap(({ job_id, claim_id, worker, started }) => {
			const killed = kills.find(({ workers, t }) => workers.includes(worker) && t >= started)
			const next = executions.filter((other) => other.job_id === job_id && BigInt(other.claim_id) > BigInt(claim_id))
			return killed && next.length > 0 ? [Math.min(...next.map((other) => other.started)) - killed.t] : []
		})
		.sort((a, b) => a - b)
	const at = (part: number) => (again[Math.floor((again.length - 1) * part)]! / 1000).toFixed(1)
	if (again.length > 0)
		storm.notes.push(
			`${again.length} jobs of killed workers ran elsewhere: half of them within ${at(0.5)} s of the kill, all within ${at(1)} s`,
		)
	return []
}

export const killOne: Row = {
	name: 'kill-worker',
	title: 'SIGKILL one of two workers',
	group: 'chaos',
	async fault(storm, seconds) {
		await kill(storm, 0)
		await sleep(seconds * 1000)
	},
	expect: noteRescues,
}

export const killRepeatedly: Row = {
	name: 'kill-workers',
	title: 'repeated SIGKILL',
	group: 'chaos',
	fault: (storm, seconds) => repeat(seconds, 2, (turn) => kill(storm, turn % storm.workers.length)),
	expect: noteRescues,
}

export const killFleet: Row = {
	name: 'kill-fleet',
	title: 'SIGKILL all workers at once',
	group: 'processes',
	fault: (storm, seconds) => repeat(seconds, 15, () => Promise.all(storm.workers.map((_, slot) => kill(storm, slot)))),
	expect: noteRescues,
}

/** Nothing is lost and nothing charged by it: what had not begun is given back. */
export const rollingRestart: Row = {
	name: 'rolling-restart',
	title: 'SIGTERM to one worker after the other',
	group: 'processes',
	fault: (storm, seconds) => repeat(seconds, 1.5, (turn) => restart(storm, turn % storm.workers.length)),
	expect(storm, _history, { executions }) {
		storm.notes.push(`${executions.filter(({ outcome }) => outcome === 'released').length} jobs given back`)
		return executions
			.filter(({ outcome }) => outcome === 'lost')
			.map(({ job_id }) => `job ${job_id} was lost to a worker that was asked to stop`)
	},
}

export const killServer: Row = {
	name: 'kill-server',
	title: 'repeated SIGKILL of the API server',
	group: 'processes',
	fault: (storm, seconds) => repeat(seconds, 3, () => storm.server.kill()),
}

/** Gives the first worker a job that takes so long. */
async function occupy(storm: Storm, seconds: number): Promise<void> {
	const sql = `select w.name from taskq.jobs as j left join taskq.workers as w using (worker_id)
		where j.job_id = $1 and (j.status = 'running' or j.finished_at is not null)`
	await until(async () => {
		const ids = await storm.submit([{ type: 'quick', payload: { tag: randomUUID(), ms: seconds * 1000 } }])
		const { name } = await until(async () => (await storm.database.rows<{ name: string | null }>(sql, ids))[0])
		return name === storm.workers[0]!.running.name
	})
}

/** The sleeper wakes up with jobs that others have got meanwhile: it says that some are done, and is told to stop the others. */
export const stop: Row = {
	name: 'stop-worker',
	title: 'SIGSTOP a worker beyond its lease, then SIGCONT',
	group: 'processes',
	// few, since many of them take long
	storm: { rate: 40, leaseSeconds: LEASE_SECONDS, mix: { quick: 60, slow: 6, effect: 20, flaky: 5 } },
	fault: (storm, seconds) =>
		repeat(seconds, 30, async () => {
			await occupy(storm, LEASE_SECONDS + 5) // it will still be at it when it wakes up
			await occupy(storm, LEASE_SECONDS / 2) // it will say at once that it is done
			await pause(storm, 0, LEASE_SECONDS + 2)
		}),
	expect(storm, { ends, aborted, stopped, faults }, { executions }) {
		const lost = new Set(executions.filter(({ outcome }) => outcome === 'lost').map(({ job_id, claim_id }) => `${job_id} ${claim_id}`))
		const isLate = ({ job, claim, worker }: Step) => stopped.has(worker) && lost.has(`${job} ${claim}`)
		const refused = [...ends.values()].flat().filter(isLate).length
		const woken = faults.filter(({ fault }) => fault === 'continue').map(({ t }) => t)
		const told = aborted.filter(isLate).map(({ t }) => t - Math.max(...woken.filter((at) => at <= t)))
		storm.notes.push(
			`${refused} late ends refused; ${told.length} handlers told to stop, the last ${(Math.max(...told) / 1000).toFixed(1)} s after it woke`,
		)
		return [
			...(refused > 0 ? [] : ['no job ended late, so nothing was shown: stop the worker for longer']),
			...(told.length > 0 ? [] : ['no handler was told that its claim is lost']),
		]
	},
}
