import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')
const COMMITTED = 'db/migrations/committed'
const migrations = fs.readdirSync(path.join(root, COMMITTED)).toSorted()
/** The migration that an upgrade to this state of the code runs last. */
export const newest = migrations.at(-1)!

const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()

/** The last commit before the newest migration: what runs where that has not been run yet. Throws where history does not reach so far. */
function previousCommit(): string {
	const added = git('log', '--diff-filter=A', '--format=%H', '-1', '--', `${COMMITTED}/${newest}`)
	return git('rev-parse', '--verify', '--quiet', added ? `${added}^` : 'HEAD')
}

/** Why the code of the release before the newest migration cannot be had. */
export const noHistory = ((): string | undefined => {
	try {
		git('cat-file', '-e', `${previousCommit()}^{tree}`)
		return undefined
	} catch (error) {
		return `no history back to the commit before ${newest} (a shallow clone, or no repository): ${(error as Error).message}`
	}
})()

/** The code of the release before the newest migration, in a folder of its own. */
export function previousRelease(): { dir: string; commit: string; remove: () => void } {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-previous-'))
	const remove = () => fs.rmSync(dir, { recursive: true, force: true })
	try {
		const commit = previousCommit()
		const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 2 ** 30 })
		if (spawnSync('tar', ['-x', '-C', dir], { input: archive }).status !== 0) throw new Error('tar failed')
		fs.symlinkSync(path.join(root, 'node_modules'), path.join(dir, 'node_modules'))
		return { dir, commit, remove }
	} catch (error) {
		remove()
		throw error
	}
}

/** A folder with all migrations but the newest. */
export function migrationsBefore(): { folder: string; remove: () => void } {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-migrations-'))
	fs.mkdirSync(path.join(folder, 'committed'))
	for (const file of migrations.slice(0, -1)) fs.copyFileSync(path.join(root, COMMITTED, file), path.join(folder, 'committed', file))
	return { folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) }
}
