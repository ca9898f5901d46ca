import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const home = path.join(import.meta.dirname, '../peers')
const require = createRequire(path.join(home, 'package.json'))

const readJson = (...names: string[]) => JSON.parse(fs.readFileSync(path.join(home, ...names), 'utf8'))
const wanted = (): Record<string, string> => readJson('package.json').dependencies

function isInstalled([name, version]: [string, string]): boolean {
	const folder = path.join('node_modules', name)
	return fs.existsSync(path.join(home, folder)) && readJson(folder, 'package.json').version === version
}

/** Installs what bench/peers/package-lock.json names, unless those versions are there. */
export function installPeers(progress: (line: string) => void): void {
	if (Object.entries(wanted()).every(isInstalled)) return
	progress('npm ci in bench/peers: the systems to compare with, and what draws the charts')
	execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** A package of bench/peers. It may not be installed when this project is type-checked, so callers say what they use of it. */
export async function importPeer<Module>(name: string): Promise<Module> {
	return (await import(pathToFileURL(require.resolve(name)).href)) as Module
}

/** The exact version that bench/peers asks for. */
export const peerVersion = (name: string): string => wanted()[name]!
