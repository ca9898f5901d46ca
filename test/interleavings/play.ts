import type pg from 'pg'
import type { Choose } from './orders.ts'
import type { Player, Players } from './player.ts'
import type { Ack, Memory, Scene, Step } from './steps.ts'

export type Mode = 'autocommit' | 'commit' | 'rollback'

/** One order as it was played: what was done in which turn, what was refused, what was answered and committed. */
export interface Played {
	scene: Scene
	turns: string[]
	refused: string[]
	acks: Ack[]
	/** How often a statement was left waiting. */
	waits: number
}

interface Turn {
	sql: string
	values: unknown[]
	step?: Step
}

/** One session's part: its statements, and the end of its transaction. */
class Part {
	readonly me: Memory = { claims: {}, acks: [], onCommit: [] }
	readonly name: string
	readonly #player: Player
	readonly #mode: Mode
	readonly #played: Played
	#left: Step[]
	#state: 'before' | 'open' | 'ended'

	constructor(name: string, player: Player, steps: Step[], mode: Mode, played: Played) {
		this.name = name
		this.#player = player
		this.#left = [...steps]
		this.#mode = mode
		this.#state = mode === 'autocommit' ? 'open' : 'before'
		this.#played = played
	}

	get hasEnded(): boolean {
		return this.#state === 'ended' || (this.#mode === 'autocommit' && this.#left.length === 0)
	}

	/** A transaction begins with its first statement: until then it holds nothing. */
	#next(): Turn {
		const step = this.#left.shift()
		if (step) return { sql: step.sql, values: step.values(this.#played.scene, this.me), step }
		return { sql: this.#mode, values: [] }
	}

	take(): void {
		const { sql, values, step } = this.#next()
		this.#played.turns.push(`${this.name}: ${step?.name ?? sql}`)
		if (this.#state === 'before') this.#player.send('begin', [], () => {})
		if (this.#state === 'before') this.#state = 'open'
		this.#player.send(sql, values, (result) => {
			if (result instanceof Error) this.#fail(result as pg.DatabaseError, step)
			else if (step) step.got?.(result.rows, { scene: this.#played.scene, me: this.me, sent: values })
			if (!step) this.#state = 'ended'
			if (this.#mode === 'autocommit' || ('command' in result && result.command === 'COMMIT')) this.#commit()
		})
	}

	/** A transaction with an error can only be rolled back. */
	#fail(error: pg.DatabaseError, step: Step | undefined): void {
		this.#played.refused.push(error.code ?? String(error))
		this.#played.turns.push(`${this.name}: ${error.code} from ${step?.name ?? this.#mode}`)
		if (this.#mode !== 'autocommit') this.#left = []
	}

	#commit(): void {
		this.#played.acks.push(...this.me.acks.splice(0))
		for (const hook of this.me.onCommit.splice(0)) hook()
	}
}

/** Plays one order of these sessions' statements. */
export async function play({ players, settle }: Players, scene: Scene, sessions: Step[][], modes: Mode[], choose: Choose): Promise<Played> {
	const played: Played = { scene, turns: [], refused: [], acks: [], waits: 0 }
	const parts = sessions.map((steps, n) => new Part('ABC'[n]!, players[n]!, steps, modes[n]!, played))
	for (;;) {
		const able = parts.flatMap((part, n) => (part.hasEnded || players[n]!.isWaiting() ? [] : [n]))
		if (!able.length) break
		const next = choose(able)
		parts[next]!.take()
		await settle()
		if (players[next]!.isWaiting()) played.waits++
	}
	return played
}
