import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { readCgroup } from '../../db/cgroup.ts'
import { machineCpuUnits, machineMemoryMb } from '../../db/machine.ts'
import { LoadMeter } from '../../worker/load.ts'

const GB = String(2 ** 30)

/** A folder with these files in it, as `/` would have them. */
function rootWith(t: ExecutionContext, files: Record<string, string>): string {
	const root = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-machine-'))
	t.teardown(() => fs.rmSync(root, { recursive: true, force: true }))
	write(root, { 'proc/self/status': 'Name:\tnode\nCpus_allowed_list:\t0-3,8\n', ...files })
	return root
}

function write(root: string, files: Record<string, string>): void {
	for (const [file, text] of Object.entries(files)) {
		fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
		fs.writeFileSync(path.join(root, file), `${text}\n`)
	}
}

test('without limits there is what the affinity allows, and all of the memory', (t) => {
	const v2 = rootWith(t, { 'proc/self/cgroup': '0::/a', 'sys/fs/cgroup/a/cpu.max': 'max 100000', 'sys/fs/cgroup/a/memory.max': 'max' })
	const v1 = rootWith(t, {
		'proc/self/cgroup': '4:memory:/a\n3:cpu,cpuacct:/a\n0::/',
		'sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '-1',
		'sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000',
		'sys/fs/cgroup/memory/a/memory.limit_in_bytes': '9223372036854771712',
	})

	for (const root of [v2, v1, rootWith(t, {})]) {
		t.is(machineCpuUnits(root), 5)
		t.is(machineMemoryMb(root), Math.floor(os.totalmem() / 2 ** 20))
	}
})

test('off Linux it is what the system says', (t) => {
	const root = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-machine-'))
	t.teardown(() => fs.rmSync(root, { recursive: true, force: true }))

	t.is(machineCpuUnits(root), os.availableParallelism())
})

test('a quota of version 2 counts with its decimals, the tightest of all above', (t) => {
	const root = rootWith(t, {
		'proc/self/cgroup': '0::/outer/inner',
		'sys/fs/cgroup/outer/inner/cpu.max': 'max 100000',
		'sys/fs/cgroup/outer/cpu.max': '125000 50000',
		'sys/fs/cgroup/outer/inner/memory.max': String(3 * 2 ** 30),
		'sys/fs/cgroup/outer/memory.max': GB,
	})

	t.is(machineCpuUnits(root), 2.5)
	t.is(machineMemoryMb(root), 1024)
	write(root, { 'sys/fs/cgroup/outer/inner/cpu.max': '33333 100000' })
	t.is(machineCpuUnits(root), 0.333)
	write(root, { 'sys/fs/cgroup/outer/inner/cpu.max': '900000 100000', 'sys/fs/cgroup/outer/cpu.max': 'max 100000' })
	t.is(machineCpuUnits(root), 5)
})

test('a quota of version 1 counts, also where a container sees the path of its host', (t) => {
	const files = { 'proc/self/cgroup': '5:memory:/docker/x\n4:cpuacct,cpu:/docker/x\n0::/docker/x' }
	const quota = { 'cpu.cfs_quota_us': '150000', 'cpu.cfs_period_us': '100000' }
	const below = (folder: string, of: Record<string, string>) =>
		Object.fromEntries(Object.entries(of).map(([name, text]) => [`${folder}/${name}`, text]))
	const host = rootWith(t, { ...files, ...below('sys/fs/cgroup/cpu/docker/x', quota) })
	const container = rootWith(t, {
		...files,
		...below('sys/fs/cgroup/cpu', quota),
		'sys/fs/cgroup/memory/memory.limit_in_bytes': GB,
	})

	t.is(machineCpuUnits(host), 1.5)
	t.is(machineCpuUnits(container), 1.5)
	t.is(machineMemoryMb(container), 1024)
})

test('what a cgroup uses is told without what can be dropped', (t) => {
	const v2 = rootWith(t, {
		'proc/self/cgroup': '0::/',
		'sys/fs/cgroup/memory.max': GB,
		'sys/fs/cgroup/memory.current': String(600 * 2 ** 20),
		'sys/fs/cgroup/memory.stat': `anon 1\ninactive_file ${100 * 2 ** 20}`,
		'sys/fs/cgroup/cpu.max': '50000 100000',
		'sys/fs/cgroup/cpu.stat': 'usage_usec 2500000\nuser_usec 1',
	})
	const v1 = rootWith(t, {
		'proc/self/cgroup': '2:cpu:/\n1:memory:/',
		'sys/fs/cgroup/memory/memory.limit_in_bytes': GB,
		'sys/fs/cgroup/memory/memory.usage_in_bytes': String(600 * 2 ** 20),
		'sys/fs/cgroup/memory/memory.stat': `inactive_file 1\ntotal_inactive_file ${100 * 2 ** 20}`,
		'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000',
		'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
		'sys/fs/cgroup/cpu/cpuacct.usage': '2500000000',
	})

	for (const { cpu, memory } of [readCgroup(v2), readCgroup(v1)]) {
		t.is(cpu!.used(), 2.5)
		t.is(memory!.used(), 500)
	}
	t.like(new LoadMeter(v2).read(), { memory_mb: 500, memory_share: 0.488 })
})

test('cpu is measured from one look to the next', async (t) => {
	const root = rootWith(t, {
		'proc/self/cgroup': '0::/',
		'sys/fs/cgroup/cpu.max': '200000 100000',
		'sys/fs/cgroup/cpu.stat': 'usage_usec 1000000',
	})
	const meter = new LoadMeter(root)
	const started = performance.now()
	while (performance.now() - started < 20);

	write(root, { 'sys/fs/cgroup/cpu.stat': 'usage_usec 1010000' })
	const busy = meter.read()
	const idle = meter.read()

	t.true(busy.cpu_units > 0 && busy.cpu_units <= 0.5, String(busy.cpu_units))
	t.true(Math.abs(busy.cpu_share - busy.cpu_units / 2) < 0.01)
	t.is(idle.cpu_units, 0)
})

test('without a limit it is the machine that is measured', (t) => {
	const { memory_mb, memory_share, load_average, cpu_share, rss_mb } = new LoadMeter(rootWith(t, {})).read()

	t.true(memory_mb > 0 && memory_share > 0 && memory_share <= 1 && rss_mb > 0)
	t.true(cpu_share >= 0 && cpu_share <= 1)
	t.is(load_average.length, 3)
})
