import { readdir, readFile } from 'node:fs/promises'
import test from 'ava'
import { sendEmail } from '../../../worker/tasks/send-email.ts'
import { makeJob, refusedFields, run, useFolders } from './support.ts'

const message = { to: 'Ada Lovelace <ada@example.org>', subject: 'Grüße', text: 'Hello' }

test.before(async () => {
	await useFolders()
	delete process.env.SMTP_URL
})

test.serial('without SMTP_URL the message lies in the outbox, once, however often it is tried', async (t) => {
	const job = makeJob()

	await run(sendEmail, { ...message, bcc: 'c@example.org' }, job)
	const { file, bytes } = await run(sendEmail, { ...message, bcc: 'c@example.org', text: 'Hello again' }, job)

	t.deepEqual(
		(await readdir(process.env.TASKQ_OUTBOX_DIR!)).filter((name) => name.endsWith('.eml')),
		[`${job.id}.eml`],
	)
	const source = await readFile(file, 'utf8')
	t.is(Buffer.byteLength(source), bytes)
	t.regex(source, /Hello again/)
	t.regex(source, /^Bcc: c@example\.org/m)
})

test('a line break or NUL in a header or an address is refused, and the field is named', (t) => {
	const fields = ['to', 'cc', 'bcc', 'from', 'reply_to', 'subject']

	for (const character of ['\r', '\n', '\0'])
		for (const field of fields) {
			const refused = refusedFields(sendEmail, { ...message, [field]: `ada@example.org${character}Bcc: eve@example.org` })

			t.deepEqual([...new Set(refused)], [field])
		}
})

test('what is not exactly one address is refused', (t) => {
	const addresses = ['ada', 'a@b, c@d', '<a@b>, <a@b>', 'Friends: a@b, c@d;', '"x@y z"@example.org', 'Ada <>', 'a b@example.org', 'a@b@c']

	const accepted = addresses.filter((to) => refusedFields(sendEmail, { ...message, to }).length === 0)

	t.deepEqual(accepted, [])
})

test('more than 50 recipients in all are refused, as is a message without content', (t) => {
	const many = (count: number) => Array.from({ length: count }, (_, at) => `a${at}@example.org`)

	const refused = refusedFields(sendEmail, { ...message, to: many(30), cc: many(21) })
	const empty = refusedFields(sendEmail, { to: 'a@example.org', subject: '' })

	t.deepEqual([refused, empty], [['to'], ['text']])
	t.deepEqual(refusedFields(sendEmail, { ...message, to: many(30), cc: many(20) }), [])
})
