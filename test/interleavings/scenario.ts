import type { TestFn } from 'ava'
import { type Db, useDb } from '../support/db.ts'
import { breachesAfter } from './check.ts'
import { forEveryOrder } from './orders.ts'
import { type Mode, type Played, play } from './play.ts'
import { makePlayers, type Players } from './player.ts'
import type { Step } from './steps.ts'
import { clear, makeScene, openTheatre, type Setting } from './theatre.ts'

export interface Scenario extends Setting {
	sessions: Step[][]
	/** Says why two of these transactions may each wait for the other: then one is told 40P01, and its caller says it again. */
	mayDeadlock?: string
	/** None of these statements needs what another holds. */
	nobodyWaits?: boolean
	/** A thousand orders and more in transactions: those only in the long form. */
	isLarge?: boolean
}

/** All scenarios, with transactions of every kind beside each other: INTERLEAVINGS=all node test/run.ts test/interleavings/*.test.ts */
const isAll = process.env.INTERLEAVINGS === 'all'

/** Orders that are checked together. */
const BATCH = 50

/** Refusals that a caller can act on. */
const REFUSALS = /^TQ4(04|09|10|11|12|23|25)$/

function modesOf({ sessions: { length: count }, isLarge }: Scenario): Mode[][] {
	const same = (mode: Mode) => Array<Mode>(count).fill(mode)
	if (!isAll) return isLarge ? [same('autocommit')] : [same('autocommit'), same('commit')]
	const kinds: Mode[] = ['autocommit', 'commit', 'rollback']
	const all = Array.from({ length: count }).reduce<Mode[][]>((some) => some.flatMap((modes) => kinds.map((mode) => [...modes, mode])), [[]])
	return all.filter((modes) => modes.some((mode) => mode !== 'rollback'))
}

async function playAll(db: Db, players: Players, types: string[], scenario: Scenario, modes: Mode[]) {
	const found: string[] = []
	const refused = new Map<string, number>()
	let batch: Played[] = []
	async function checkBatch(): Promise<void> {
		found.push(...(await breachesAfter(db, batch, types)))
		await clear(db)
		batch = []
	}
	await clear(db)
	const orders = await forEveryOrder(async (choose) => {
		const scene = await makeScene(db, types[batch.length]!, scenario)
		const played = await play(players, scene, scenario.sessions, modes, choose)
		batch.push(played)
		if (played.waits && scenario.nobodyWaits) found.push(`a statement waits for another\n  ${played.turns.join('\n  ')}`)
		for (const code of played.refused) {
			refused.set(code, (refused.get(code) ?? 0) + 1)
			if (!REFUSALS.test(code) && !(code === '40P01' && scenario.mayDeadlock)) found.push(`${code}\n  ${played.turns.join('\n  ')}`)
		}
		if (batch.length === BATCH) await checkBatch()
	})
	await checkBatch()
	return { found, orders, refused: Object.fromEntries(refused) }
}

/** A test for each scenario and each kind of transactions: no order of its statements may break anything. */
export function playScenarios(test: TestFn, scenarios: Record<string, Scenario>): void {
	const db = useDb(test)
	let stage: Promise<[Players, string[]]> | undefined // once there is a database
	const open = () => Promise.all([makePlayers(db, 3), openTheatre(db, BATCH)])
	for (const [name, scenario] of Object.entries(scenarios)) {
		for (const modes of modesOf(scenario))
			test.serial(`${name} (${new Set(modes).size === 1 ? modes[0] : modes})`, async (t) => {
				t.timeout(3_600_000)
				stage ??= open()
				const [players, types] = await stage
				const started = performance.now()

				const { found, orders, refused } = await playAll(db, players, types, scenario, modes).catch(async (error) => {
					stage = undefined // its sessions are in the middle of something
					await db.query(
						'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
					)
					throw error
				})

				t.log(`${orders} orders, ${((performance.now() - started) / orders).toFixed(1)} ms each`, refused)
				t.deepEqual(found.slice(0, 5), [], `${found.length} breaches`)
			})
	}
}
