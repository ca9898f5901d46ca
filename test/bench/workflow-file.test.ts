import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import { readWorkflow } from '../../bench/workflow-file.ts'

const small = path.join(import.meta.dirname, 'small-workflow.json')

test('a task becomes a step with its cpu, its memory in whole megabytes, and its run time scaled down', (t) => {
	const warnings: string[] = []

	const steps = readWorkflow(small, { speed: 100, cpu: 2, warn: (line) => warnings.push(line) })

	t.deepEqual(steps, [
		{ name: 'join', seconds: 0.005, cpuUnits: 1, memoryMb: 0, parents: ['left', 'right', 'wide'] },
		{ name: 'left', seconds: 0.025, cpuUnits: 2, memoryMb: 1, parents: ['prepare'] },
		{ name: 'right', seconds: 0.02, cpuUnits: 2, memoryMb: 2, parents: ['prepare'] },
		{ name: 'wide', seconds: 0.015, cpuUnits: 2, memoryMb: 64, parents: ['prepare'] },
		{ name: 'prepare', seconds: 0.01, cpuUnits: 1, memoryMb: 1, parents: [] },
		{ name: 'alone', seconds: 0.03, cpuUnits: 1, memoryMb: 64, parents: [] },
	])
	t.deepEqual(warnings, ['1 task asks for more cores than a worker has and gets 2 cpu units: wide'])
})

test('nothing is said of cores where every task fits', (t) => {
	readWorkflow(small, { speed: 1, cpu: 8, warn: (line) => t.fail(line) })

	t.pass()
})

interface File {
	specification: { id?: string; parents?: unknown }[]
	execution: Record<string, unknown>[]
}

const a = { id: 'a', parents: [] as string[] }
const ran = { id: 'a', runtimeInSeconds: 1 }
const json = ({ specification, execution }: File): string =>
	JSON.stringify({ workflow: { specification: { tasks: specification }, execution: { tasks: execution } } })

const bad: Record<string, [text: string, message: RegExp]> = {
	'text that is not JSON': ['{', /is not JSON: /],
	'JSON that is no object': ['[]', /is not WfFormat 1\.5: .*expected object/],
	'an older WfFormat': ['{"workflow": {"tasks": []}}', /is not WfFormat 1\.5: workflow\.specification: /],
	'a workflow without tasks': [json({ specification: [], execution: [] }), /is not WfFormat 1\.5: workflow\.specification\.tasks: /],
	'a task without an id': [json({ specification: [{ parents: [] }], execution: [] }), /workflow\.specification\.tasks\[0\]\.id: /],
	'parents that are no list': [json({ specification: [{ id: 'a', parents: 'b' }], execution: [] }), /specification\.tasks\[0\]\.parents: /],
	'a negative run time': [json({ specification: [a], execution: [{ id: 'a', runtimeInSeconds: -1 }] }), /tasks\[0\]\.runtimeInSeconds: /],
	'no cores at all': [json({ specification: [a], execution: [{ ...ran, coreCount: 0 }] }), /execution\.tasks\[0\]\.coreCount: /],
	'two tasks with one id': [json({ specification: [a, a], execution: [ran] }), /two tasks have the id a$/],
	'a task that was not executed': [json({ specification: [a], execution: [] }), /task a has no run time/],
	'an unknown parent': [
		json({ specification: [{ id: 'a', parents: ['z'] }], execution: [ran] }),
		/the parent z of task a is not in the file$/,
	],
}

for (const [what, [text, message]] of Object.entries(bad)) {
	test(`${what} is refused in a sentence that names the file`, (t) => {
		const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-workflow-'))
		t.teardown(() => fs.rmSync(folder, { recursive: true }))
		const file = path.join(folder, 'bad.json')
		fs.writeFileSync(file, text)

		const error = t.throws(() => readWorkflow(file, { speed: 1, cpu: 1 }), { name: 'UsageError', message })

		t.true(error.message.startsWith(file))
	})
}

test('a file that is not there is refused', (t) => {
	t.throws(() => readWorkflow('no/such.json', { speed: 1, cpu: 1 }), { name: 'UsageError', message: /^cannot read no\/such\.json: ENOENT/ })
})
