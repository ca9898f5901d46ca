import type { AddressInfo } from 'node:net'
import test from 'ava'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { FatalError } from '../../../worker/task.ts'
import { sendEmail } from '../../../worker/tasks/send-email.ts'
import { makeJob, run } from './support.ts'

const message = { to: 'Ada Lovelace <ada@example.org>', subject: 'Grüße', text: 'Hello' }

const refuseWith = (responseCode: number) => Object.assign(new Error('refused by the test'), { responseCode })

/** A mail server on loopback that keeps what it is given. */
async function receiveMail(options: SMTPServerOptions = {}) {
	const mails: { from: string; to: string[]; source: string }[] = []
	const server = new SMTPServer({
		authOptional: true,
		disabledCommands: ['STARTTLS', 'AUTH'],
		onData(stream, { envelope }, callback) {
			let source = ''
			stream.on('data', (chunk) => (source += chunk))
			stream.on('end', () => {
				mails.push({ from: (envelope.mailFrom as { address: string }).address, to: envelope.rcptTo.map(({ address }) => address), source })
				callback()
			})
		},
		...options,
	})
	server.on('error', () => {})
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
	process.env.SMTP_URL = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`
	return { mails, close: () => new Promise<void>((done) => server.close(done)) }
}

test.beforeEach(() => {
	delete process.env.SMTP_URL
	delete process.env.EMAIL_FROM
})

test.serial('a message reaches everyone it is for, and bcc stays out of its headers', async (t) => {
	const { mails, close } = await receiveMail()
	t.teardown(close)
	const job = makeJob()

	const result = await run(
		sendEmail,
		{ ...message, cc: ['b@example.org'], bcc: 'c@example.org', reply_to: 'd@example.org', html: '<p>Hello' },
		job,
	)

	t.deepEqual(
		mails.map(({ from, to }) => ({ from, to })),
		[{ from: 'taskq@localhost', to: ['ada@example.org', 'b@example.org', 'c@example.org'] }],
	)
	t.regex(mails[0]!.source, /^To: Ada Lovelace <ada@example\.org>\r$/m)
	t.regex(mails[0]!.source, /^Reply-To: d@example\.org\r$/m)
	t.false(mails[0]!.source.includes('c@example.org'))
	t.is(result.message_id, `<${job.id}@localhost>`)
	t.regex(mails[0]!.source, new RegExp(`^Message-ID: <${job.id}@localhost>\r$`, 'm'))
})

test.serial('the sender comes from EMAIL_FROM unless the payload names one', async (t) => {
	const { mails, close } = await receiveMail()
	t.teardown(close)
	process.env.EMAIL_FROM = 'Queue <queue@example.org>'

	await run(sendEmail, message)
	await run(sendEmail, { ...message, from: 'me@example.net' })

	t.deepEqual(
		mails.map(({ from }) => from),
		['queue@example.org', 'me@example.net'],
	)
})

test.serial('a permanent refusal by the server fails for good', async (t) => {
	const { close } = await receiveMail({ onRcptTo: (_address, _session, callback) => callback(refuseWith(550)) })
	t.teardown(close)

	const sending = run(sendEmail, message)

	await t.throwsAsync(sending, { instanceOf: FatalError })
})

test.serial('a passing refusal, of all or of one among permanent ones, may be retried', async (t) => {
	const { close } = await receiveMail({
		onRcptTo: ({ address }, _session, callback) => callback(refuseWith(address.startsWith('full') ? 452 : 550)),
	})
	t.teardown(close)

	for (const to of [['full@example.org'], ['full@example.org', 'gone@example.org'], ['gone@example.org', 'full@example.org']]) {
		const error = await t.throwsAsync(run(sendEmail, { ...message, to }))

		t.false(error instanceof FatalError)
	}
})

test.serial('one refused recipient among several is reported, and the others are not written to again', async (t) => {
	const { mails, close } = await receiveMail({
		onRcptTo: ({ address }, _session, callback) => callback(address.startsWith('gone') ? refuseWith(550) : null),
	})
	t.teardown(close)
	const job = makeJob()

	const result = await run(sendEmail, { ...message, to: ['gone@example.org', 'ada@example.org'] }, job)

	t.deepEqual([result.accepted, result.rejected], [['ada@example.org'], ['gone@example.org']])
	t.is(mails.length, 1)
	t.deepEqual(
		job.logs.map(({ level }) => level),
		['warn'],
	)
})

test.serial('a mail server that is away may be retried', async (t) => {
	const { close } = await receiveMail()
	await close()

	const error = await t.throwsAsync(run(sendEmail, message))

	t.false(error instanceof FatalError)
})

test.serial('an abort ends a delivery that hangs', async (t) => {
	const controller = new AbortController()
	const { mails, close } = await receiveMail({ onMailFrom: () => controller.abort(new Error('timed out')) })
	t.teardown(close)

	const sending = run(sendEmail, message, makeJob({ signal: controller.signal }))

	await t.throwsAsync(sending, { message: 'timed out' })
	t.deepEqual(mails, [])
})
