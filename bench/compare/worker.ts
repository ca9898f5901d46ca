/** One worker process: the system's name and the database's URL come as arguments, what it has done goes to the parent. */
import type { FromWorker, ToWorker } from './processes.ts'
import { now, type Payload } from './system.ts'
import { systemOf } from './systems.ts'

/** How often it says how many jobs it has handled: seldom enough to cost nothing. */
const SAY_MS = 5

const [name, url] = process.argv.slice(2)
let handled = 0
let said = 0
let latencies: number[] = []

const say = (message: FromWorker) => process.send!(message)
const handle = ({ sent }: Payload): void => {
	handled++
	if (sent) latencies.push(now() - sent)
}

const running = await systemOf(name!).work(url!, handle)
setInterval(() => {
	if (handled > said) say({ is: 'handled', handled })
	said = handled
}, SAY_MS)

process.on('message', async (message: ToWorker) => {
	if (message === 'cpu') {
		const { user, system } = process.cpuUsage()
		say({ is: 'cpu', seconds: (user + system) / 1e6 })
	} else if (message === 'latencies') {
		say({ is: 'latencies', latencies })
		latencies = []
	} else {
		await running.stop()
		process.exit()
	}
})
process.on('disconnect', () => process.exit())
say({ is: 'ready' })
