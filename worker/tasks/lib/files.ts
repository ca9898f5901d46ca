import { createHash, randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { FatalError } from '../../task.ts'

// Settings are read when they are needed, not when this file is loaded: a test or an embedding program sets them later.
const dataDir = () => resolve(process.env.TASKQ_DATA_DIR || '.taskq')
export const outputDir = () => resolve(process.env.TASKQ_OUTPUT_DIR || join(dataDir(), 'output'))
export const outboxDir = () => resolve(process.env.TASKQ_OUTBOX_DIR || join(dataDir(), 'outbox'))
const inputDirs = () => [outputDir(), ...(process.env.TASKQ_INPUT_DIR ? [resolve(process.env.TASKQ_INPUT_DIR)] : [])]

/** A plain file name: no folder, no leading dot. PostgreSQL's regular expressions take it too. */
export const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,149}$/

const BUFFER_BYTES = 64 * 1024

export interface WrittenFile {
	/** Absolute path. */
	file: string
	bytes: number
	sha256: string
}

type Chunks = Iterable<string | Buffer> | AsyncIterable<string | Buffer>

/**
 * Writes a file that is there whole or not at all: under a temporary name, flushed, then renamed over an older one.
 * Of two writers of one name the later wins; the earlier, a killed or lost attempt, fails at its rename.
 */
export async function writeWhole(folder: string, name: string, chunks: Chunks, signal?: AbortSignal): Promise<WrittenFile> {
	if (!FILE_NAME.test(name)) throw new FatalError(`${JSON.stringify(name)} is not a plain file name`)
	const partials = join(folder, '.partial')
	await mkdir(partials, { recursive: true })
	await dropPartials(partials, name)
	const partial = join(partials, `${name}.${randomUUID()}`)
	const handle = await open(partial, 'wx', 0o640)
	try {
		const written = await writeChunks(handle, chunks, signal)
		await handle.sync()
		const file = join(folder, name)
		await rename(partial, file)
		return { file, ...written }
	} catch (error) {
		await rm(partial, { force: true })
		throw error
	} finally {
		await handle.close()
	}
}

async function dropPartials(folder: string, name: string) {
	const nameLength = name.length + 1 + 36
	for (const entry of await readdir(folder))
		if (entry.startsWith(`${name}.`) && entry.length === nameLength) await rm(join(folder, entry), { force: true })
}

async function writeChunks(handle: FileHandle, chunks: Chunks, signal?: AbortSignal) {
	const hash = createHash('sha256')
	let bytes = 0
	let gathered: Buffer[] = []
	let gatheredBytes = 0

	const flush = async () => {
		signal?.throwIfAborted()
		const block = Buffer.concat(gathered)
		gathered = []
		gatheredBytes = 0
		hash.update(block)
		bytes += block.length
		await handle.writeFile(block)
	}

	for await (const chunk of chunks) {
		const block = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
		gathered.push(block)
		gatheredBytes += block.length
		if (gatheredBytes >= BUFFER_BYTES) await flush()
	}
	await flush()
	return { bytes, sha256: hash.digest('hex') }
}

/**
 * Opens a file for reading, by a path that is absolute or relative to the output folder or `TASKQ_INPUT_DIR`.
 * What leads out of those two, by `..` or a symbolic link, is a FatalError; what is not there may yet come, so a retry.
 */
export async function openInput(file: string): Promise<FileHandle> {
	let missing = false
	for (const folder of inputDirs()) {
		const root = await realpath(folder).catch(() => undefined)
		const path = resolve(folder, file)
		if (!root || file.includes('\0')) continue
		const real = await realpath(path).catch(() => undefined)
		if (real?.startsWith(root + sep)) return openPlain(real, file)
		missing ||= !real && path.startsWith(folder + sep)
	}
	if (missing) throw new Error(`no file ${JSON.stringify(file)} in the output folder or TASKQ_INPUT_DIR`)
	throw new FatalError(`file ${JSON.stringify(file)} is outside the output folder and TASKQ_INPUT_DIR`)
}

async function openPlain(path: string, file: string): Promise<FileHandle> {
	// NOFOLLOW: the link may have been made since realpath looked. NONBLOCK: opening a pipe would wait for its writer.
	const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
	const stats: Stats = await handle.stat()
	if (stats.isFile()) return handle
	await handle.close()
	throw new FatalError(`${JSON.stringify(file)} is not a plain file`)
}
