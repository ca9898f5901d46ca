import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { complete, submitWorkflow } from '../../support/graph.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

const mermaid = async (id: string) =>
	(await callOne<{ mermaid: string }>(db.pool, 'graphMermaid', [id])).mermaid
		.split('\n')
		.filter((line) => line && !line.includes('classDef'))

test('nodes carry their names and states, edges their conditions, in the order of the jobs', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, {
		extract: [],
		load: ['extract'],
		alarm: [{ job: 'extract', condition: 'failure' }],
		cleanup: ['load', { job: 'extract', condition: 'finished' }],
	})
	await complete(stage, ids.extract!)

	t.deepEqual(await mermaid(id), [
		'flowchart TD',
		'  n0["extract"]:::completed',
		'  n1["load"]:::ready',
		'  n2["alarm"]:::cancelled',
		'  n3["cleanup"]:::blocked',
		'  n0 --> n1',
		'  n0 -. failure .-> n2',
		'  n0 -. finished .-> n3',
		'  n1 --> n3',
	])
})

test('every state that a node can have is a class that is defined, or plain', async (t) => {
	const stage = await makeStage(db)
	const { id } = await submitWorkflow(db, stage, { a: [] })

	const text = (await callOne<{ mermaid: string }>(db.pool, 'graphMermaid', [id])).mermaid

	for (const status of ['completed', 'failed', 'cancelled', 'running', 'ready'])
		t.regex(text, new RegExp(`^  classDef ${status} fill:`, 'm'))
	t.true(text.endsWith('\n'))
})

test('the critical path of a finished graph has thick borders', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: ['a'] })
	await complete(stage, ids.a!)
	await complete(stage, ids.b!)

	t.deepEqual((await mermaid(id)).slice(4), ['  style n0 stroke-width:3px', '  style n1 stroke-width:3px'])
})

const labels: [name: string, label: string][] = [
	['say "hi"', 'say #quot;hi#quot;'],
	['a["b"](c){d}', 'a[#quot;b#quot;](c){d}'],
	['<script>alert(1)</script>', '#lt;script#gt;alert(1)#lt;/script#gt;'],
	['one\ntwo\r\nthree', 'one two  three'],
	['`**bold** _it_`', ' #42;#42;bold#42;#42; #95;it#95; '],
	['Tom & Jerry', 'Tom #amp; Jerry'],
	['no #quot; entity;', 'no #35;quot; entity;'],
	['"]:::failed\n  n0 --> n9', '#quot;]:::failed   n0 --#gt; n9'],
	['%%{init: {"theme": "dark"}}%%', '#37;#37;{init: {#quot;theme#quot;: #quot;dark#quot;}}#37;#37;'],
	['1. list', '1#46; list'],
	['- list', '#8722; list'],
	['a\u2028b\u202ec', 'a b c'],
	['日本語 ✓', '日本語 ✓'],
]
for (const [name, label] of labels) {
	test(`a name is text and no markup: ${JSON.stringify(name)}`, async (t) => {
		const stage = await makeStage(db)
		const { id } = await submitWorkflow(db, stage, { [name]: [] })

		t.deepEqual(await mermaid(id), ['flowchart TD', `  n0["${label}"]:::ready`])
	})
}

test('a job without a name is shown by its type', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()

	t.deepEqual(await mermaid(id), ['flowchart TD', `  n0["${stage.type}"]:::ready`])
})
