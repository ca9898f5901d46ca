import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { FatalError } from '../../../../worker/task.ts'
import { openInput, outboxDir, outputDir, writeWhole } from '../../../../worker/tasks/lib/files.ts'
import { useFolders } from '../support.ts'

let folder: string

test.beforeEach(async () => {
	folder = await useFolders()
	await mkdir(join(folder, 'output'))
	await mkdir(join(folder, 'input'))
	await writeFile(join(folder, 'outside.txt'), 'secret')
	delete process.env.TASKQ_INPUT_DIR
	delete process.env.TASKQ_DATA_DIR
})

const read = async (file: string) => {
	const handle = await openInput(file)
	return handle.readFile('utf8').finally(() => handle.close())
}

test.serial('a file is there whole or not at all', async (t) => {
	await writeFile(join(folder, 'output/a.txt'), 'old')
	async function* broken() {
		yield 'x'.repeat(200_000)
		throw new Error('broke off')
	}

	await t.throwsAsync(writeWhole(outputDir(), 'a.txt', broken()), { message: 'broke off' })

	t.is(await readFile(join(folder, 'output/a.txt'), 'utf8'), 'old')
	t.deepEqual(await readdir(join(folder, 'output/.partial')), [])
})

test.serial('size and hash are those of the file', async (t) => {
	const chunks = ['ä'.repeat(40_000), Buffer.from('b'), 'c'.repeat(70_000)]

	const { file, bytes, sha256 } = await writeWhole(outputDir(), 'a.txt', chunks)

	t.is(bytes, (await readFile(file)).length)
	t.is(execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64), sha256)
})

test.serial('of two attempts at one file the later wins, and what a killed one left is cleared', async (t) => {
	const gate = Promise.withResolvers<void>()
	async function* slow() {
		await gate.promise
		yield 'first'
	}
	const first = writeWhole(outputDir(), 'a.txt', slow())
	while ((await readdir(join(folder, 'output/.partial')).catch(() => [])).length === 0) await new Promise(setImmediate)

	await writeWhole(outputDir(), 'a.txt', ['second'])
	gate.resolve()

	await t.throwsAsync(first, { code: 'ENOENT' })
	t.is(await readFile(join(folder, 'output/a.txt'), 'utf8'), 'second')
	t.deepEqual(await readdir(join(folder, 'output/.partial')), [])
})

test.serial('an aborted job leaves no file', async (t) => {
	const writing = writeWhole(outputDir(), 'a.txt', ['x'], AbortSignal.abort(new Error('stop')))

	await t.throwsAsync(writing, { message: 'stop' })
	t.deepEqual(await readdir(join(folder, 'output')), ['.partial'])
})

test.serial('a name with a folder in it is not written', async (t) => {
	for (const name of ['../x', 'a/b', '.x', '']) await t.throwsAsync(writeWhole(outputDir(), name, ['x']), { instanceOf: FatalError })

	t.deepEqual(await readdir(join(folder, 'output')), [])
})

test.serial('files in the output folder and in TASKQ_INPUT_DIR are read, by relative and absolute path', async (t) => {
	process.env.TASKQ_INPUT_DIR = join(folder, 'input')
	await writeFile(join(folder, 'output/a.csv'), 'from output')
	await writeFile(join(folder, 'input/b.csv'), 'from input')

	const texts = await Promise.all(['a.csv', join(folder, 'output/a.csv'), 'b.csv', join(folder, 'input/b.csv')].map(read))

	t.deepEqual(texts, ['from output', 'from output', 'from input', 'from input'])
})

test.serial('no path leads out of the two folders', async (t) => {
	await mkdir(join(folder, 'output-of-others'))
	await writeFile(join(folder, 'output-of-others/x'), 'secret')
	await symlink(join(folder, 'outside.txt'), join(folder, 'output/link.txt'))
	await symlink(folder, join(folder, 'output/up'))
	const paths = [
		'../outside.txt',
		join(folder, 'outside.txt'),
		'link.txt',
		'up/outside.txt',
		'../output-of-others/x',
		'/etc/passwd',
		'.',
		'a\0b',
	]

	for (const path of paths) await t.throwsAsync(openInput(path), { instanceOf: FatalError }, path)

	t.is(await readFile(join(folder, 'output/link.txt'), 'utf8'), 'secret')
})

test.serial('a pipe or a folder is no file, and does not keep the job waiting', async (t) => {
	execFileSync('mkfifo', [join(folder, 'output/pipe')])
	await mkdir(join(folder, 'output/folder'))

	for (const name of ['pipe', 'folder']) await t.throwsAsync(openInput(name), { instanceOf: FatalError, message: /not a plain file/ })
})

test.serial('a file that is not there yet may be retried', async (t) => {
	const error = await t.throwsAsync(openInput('later.csv'), { message: /no file "later\.csv"/ })

	t.false(error instanceof FatalError)
})

test.serial('the folders follow their settings at the time they are needed', (t) => {
	delete process.env.TASKQ_OUTPUT_DIR
	delete process.env.TASKQ_OUTBOX_DIR

	const byDefault = [outputDir(), outboxDir()]
	process.env.TASKQ_DATA_DIR = '/srv/taskq'
	const byData = [outputDir(), outboxDir()]

	t.deepEqual(byDefault, [join(process.cwd(), '.taskq/output'), join(process.cwd(), '.taskq/outbox')])
	t.deepEqual(byData, ['/srv/taskq/output', '/srv/taskq/outbox'])
})
