/** What there is to run jobs with. `os` alone would not do: it leaves out the decimals of a quota, and the limits of cgroups above. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { readCgroup } from './cgroup.ts'

/** Cpus that this process may run on, as far as its cgroup lets it; at most three decimals, as the database keeps them. */
export function machineCpuUnits(root = '/'): number {
	const quota = readCgroup(root).cpu?.amount ?? Number.POSITIVE_INFINITY
	return Math.max(Math.floor(Math.min(allowedCpus(root), quota) * 1000) / 1000, 0.001)
}

/** Megabytes of the machine, as far as its cgroup lets it. Version 1 says "no limit" with a number larger than any machine. */
export function machineMemoryMb(root = '/'): number {
	return Math.floor(Math.min(os.totalmem() / 2 ** 20, readCgroup(root).memory?.amount ?? Number.POSITIVE_INFINITY))
}

/** The cpus of the process's affinity, such as `0-3,8`. */
function allowedCpus(root: string): number {
	let list: string | undefined
	try {
		list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(fs.readFileSync(path.join(root, 'proc/self/status'), 'utf8'))?.[1]
	} catch {} // not Linux
	if (!list) return os.availableParallelism()
	const counts = list.split(',').map((range) => {
		const [first = 0, last = first] = range.split('-').map(Number)
		return last - first + 1
	})
	return counts.reduce((sum, count) => sum + count)
}
