/** Idle pickup latency: single jobs through REST, from sending the request to the start of the handler, server and worker in processes of their own. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { jobs: { type: 'string', default: '500' } } })
const env = { ...process.env, API_PORT: '0', TASKQ_TASKS: 'bench/tasks.ts', LOG_LEVEL: 'info' }
const start = (program: string) => spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
const [server, worker] = [start('server/main.ts'), start('worker/main.ts')]

const line = async (child: typeof server, message: string) => {
	for await (const text of createInterface({ input: child.stdout! })) if (text.includes(message)) return JSON.parse(text) as { url: string }
	throw new Error(`${message}: never said`)
}
const [{ url }] = await Promise.all([line(server, '"listening"'), line(worker, 'the worker is ready')])
server.stdout!.resume()
worker.stdout!.resume()

const api = async (path: string, body?: object): Promise<any> => {
	const headers = { 'content-type': 'application/json' }
	return (await fetch(url + path, body ? { method: 'POST', headers, body: JSON.stringify(body) } : {})).json()
}
const latencies: number[] = []
for (let n = 0; n < Number(values.jobs) + 20; n++) {
	const sent = performance.timeOrigin + performance.now()
	const { id } = await api('/jobs', { type: 'stamp' })
	let job: { status: string; result: { at: number } }
	do {
		await sleep(20)
		job = await api(`/jobs/${id}`)
	} while (job.status !== 'completed')
	if (n >= 20) latencies.push(job.result.at - sent) // the first ones warm up
}
latencies.sort((a, b) => a - b)
const at = (share: number) => Number(latencies[Math.floor(latencies.length * share)]!.toFixed(2))
console.log(JSON.stringify({ jobs: latencies.length, p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), max_ms: at(0.9999) }))
server.kill()
worker.kill()
