import nodemailer from 'nodemailer'
import addressparser from 'nodemailer/lib/addressparser'
import { z } from 'zod'
import { FatalError, type Job, task } from '../task.ts'
import { outboxDir, writeWhole } from './lib/files.ts'

const MAX_RECIPIENTS = 50

// A line break in a header is a second header; addresses are parsed here, once, and handed on in parts.
const line = z.string().regex(/^[^\r\n\0]*$/)
const mailbox = line
	.min(3)
	.max(320)
	.refine((text) => parseMailbox(text) !== undefined, 'is not one e-mail address')
const mailboxes = z.union([mailbox, z.array(mailbox).min(1).max(MAX_RECIPIENTS)])

const payload = z
	.strictObject({
		to: mailboxes.describe('One recipient or a list, as ada@example.org or Ada <ada@example.org>'),
		cc: mailboxes.optional().describe('Further recipients, seen by all'),
		bcc: mailboxes.optional().describe('Further recipients, seen by none'),
		from: mailbox.optional().describe('The sender; the setting EMAIL_FROM if left out'),
		reply_to: mailbox.optional().describe('Where answers go'),
		subject: line.max(998).describe('The subject, on one line'),
		text: z.string().max(500_000).optional().describe('The message as plain text'),
		html: z.string().max(500_000).optional().describe('The message as HTML'),
	})
	.refine(({ to, cc, bcc }) => [to, cc ?? [], bcc ?? []].flat().length <= MAX_RECIPIENTS, {
		path: ['to'],
		error: `has with cc and bcc more than ${MAX_RECIPIENTS} recipients`,
	})
	.refine(({ text, html }) => text !== undefined || html !== undefined, { path: ['text'], error: 'or html is needed' })

export const sendEmail = task(
	{
		type: 'send_email',
		description: 'Sends an e-mail through SMTP_URL, or writes it to the outbox folder if that is not set.',
		payload,
		cpuUnits: 0.1,
		memoryMb: 32,
		timeoutSeconds: 60,
		retry: { maxAttempts: 5 },
	},
	async (payload, job) => {
		const message = compose(payload, job)
		return process.env.SMTP_URL ? deliver(process.env.SMTP_URL, message, job) : writeToOutbox(message, job)
	},
)

function parseMailbox(text: string): { name: string; address: string } | undefined {
	const [first, ...rest] = addressparser(text, { flatten: true })
	if (!first || rest.length > 0 || !/^[^\s@<>(),;:"\\[\]]+@[^\s@<>(),;:"\\[\]]+$/.test(first.address)) return undefined
	// The parser finds an address anywhere in a text; taken are its two usual forms only.
	const { name, address } = first
	return text.trim() === address || text.trim().endsWith(`<${address}>`) ? { name, address } : undefined
}

function parse(text: string) {
	const parsed = parseMailbox(text)
	if (!parsed) throw new FatalError(`${JSON.stringify(text)} is not one e-mail address`)
	return parsed
}

function compose({ to, cc = [], bcc = [], from, reply_to, subject, text, html }: z.output<typeof payload>, job: Job) {
	const sender = parse(from ?? process.env.EMAIL_FROM ?? 'taskq@localhost')
	return {
		from: sender,
		to: [to].flat().map(parse),
		cc: [cc].flat().map(parse),
		bcc: [bcc].flat().map(parse),
		...(reply_to ? { replyTo: parse(reply_to) } : {}),
		subject,
		...(text === undefined ? {} : { text }),
		...(html === undefined ? {} : { html }),
		// the same for every attempt, so that a server or a reader can tell a repeated delivery
		messageId: `<${job.id}@${sender.address.split('@')[1]}>`,
	}
}

type Message = ReturnType<typeof compose>

async function deliver(url: string, message: Message, job: Job) {
	const transport = nodemailer.createTransport({ url, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 })
	try {
		const info = await transport.sendMail({ ...message, signal: job.signal })
		// The rest was delivered: to fail now would send it a second time.
		if (info.rejected.length > 0)
			job.log.warn(`refused by the server for ${info.rejected.length} of the recipients`, { rejected: info.rejected })
		return { message_id: message.messageId, accepted: info.accepted, rejected: info.rejected, response: info.response }
	} catch (error) {
		job.signal.throwIfAborted()
		throw isPermanent(error) ? new FatalError(`refused by the mail server: ${(error as Error).message}`, { cause: error }) : error
	} finally {
		transport.close()
	}
}

interface SmtpError {
	responseCode?: number
	rejectedErrors?: SmtpError[]
}

/** SMTP's 5yz replies; of several recipients, all must have been refused so. */
function isPermanent(error: unknown): boolean {
	const { responseCode = 0, rejectedErrors = [] } = error as SmtpError
	return rejectedErrors.length > 0 ? rejectedErrors.every(isPermanent) : responseCode >= 500 && responseCode <= 599
}

async function writeToOutbox(message: Message, job: Job) {
	const composer = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
	// This transport leaves Bcc in, as it must: the file is the only record of who is to get the message.
	const { message: source } = await composer.sendMail(message)
	const { file, bytes } = await writeWhole(outboxDir(), `${job.id}.eml`, [source as Buffer], job.signal)
	job.log.info('written to the outbox: SMTP_URL is not set', { file })
	return { message_id: message.messageId, file, bytes }
}
