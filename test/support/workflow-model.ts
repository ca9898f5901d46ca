import type { Answer, Job } from './graph-job.ts'
import { GraphModel } from './graph-model.ts'

/** The same for the jobs of one workflow, and others that are no part of it. */
export class WorkflowModel extends GraphModel {
	#cancelRequested = false

	/** Someone wants it to go on after all. */
	protected override replay(id: number): void {
		super.replay(id)
		if (this.jobs[id]!.inWorkflow) this.#cancelRequested = false
	}

	#members(): number[] {
		return [...this.jobs.keys()].filter((id) => this.jobs[id]!.inWorkflow)
	}

	cancelWorkflow(): Answer {
		const status = this.workflow()?.status
		if (status !== 'running') return status ? 'TQ409' : 'TQ404'
		this.#cancelRequested = true
		const open = this.#members().filter((id) => ['blocked', 'ready', 'running'].includes(this.jobs[id]!.status))
		for (const id of open) if (this.jobs[id]!.status === 'running') this.jobs[id]!.asked = true
		this.end(
			open.filter((id) => this.jobs[id]!.status !== 'running'),
			'cancelled',
			'requested',
		)
		return 'ok'
	}

	retryWorkflow(): Answer {
		const failed = this.#members().filter((id) => this.jobs[id]!.status === 'failed')
		if (!failed.length) return this.workflow() ? 'TQ409' : 'TQ404'
		for (const id of failed) this.replay(id)
		this.revive(failed)
		return 'ok'
	}

	/** How the workflow stands: running to its last end, and a handler that was not needed is no loss. */
	workflow(): { status: string; completed: number; failed: number; cancelled: number; skipped: number } | null {
		const ends = this.#members().map((id) => this.jobs[id]!)
		if (ends.every(({ status }) => status === 'gone')) return null
		const count = (what: (job: Job) => boolean) => ends.filter(what).length
		const counts = {
			completed: count(({ status }) => status === 'completed'),
			failed: count(({ status, was }) => (was ?? status) === 'failed'),
			cancelled: count(({ status, blame }) => status === 'cancelled' && blame !== 'completed'),
			skipped: count(({ status, blame }) => status === 'cancelled' && blame === 'completed'),
		}
		const unfinished = ends.length - Object.values(counts).reduce((sum, n) => sum + n)
		if (unfinished) return { status: 'running', ...counts }
		if (this.#cancelRequested && counts.cancelled) return { status: 'cancelled', ...counts }
		return { status: counts.failed ? 'failed' : counts.cancelled ? 'cancelled' : 'completed', ...counts }
	}
}
