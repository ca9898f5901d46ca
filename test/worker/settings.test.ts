import test from 'ava'
import { readSettings, SettingsError } from '../../db/settings.ts'

test('what else a worker has is a list of names with amounts', (t) => {
	t.deepEqual(readSettings({ MAX_RESOURCES: 'gpu=2,license=0.5' }).MAX_RESOURCES, { gpu: 2, license: 0.5 })
	t.is(readSettings({ MAX_RESOURCES: '' }).MAX_RESOURCES, undefined)
})

test('a list that the database would not take is refused by name', (t) => {
	for (const MAX_RESOURCES of ['gpu', 'gpu=', 'gpu=-1', 'gpu=1,', 'gpu=1,gpu=2', 'cpu_units=1', 'a b=1', 'gpu=1e3', 'gpu=1234567890'])
		t.throws(() => readSettings({ MAX_RESOURCES }), { instanceOf: SettingsError, message: /^MAX_RESOURCES is / }, MAX_RESOURCES)
})

test('how long a large job waits for a worker of its own has bounds', (t) => {
	t.is(readSettings({ RESERVE_AFTER_SECONDS: '86400' }).RESERVE_AFTER_SECONDS, 86_400)
	for (const RESERVE_AFTER_SECONDS of ['0', '86401', 'soon'])
		t.throws(() => readSettings({ RESERVE_AFTER_SECONDS }), { instanceOf: SettingsError })
})
