import test from 'ava'
import { redactLine } from '../../db/redact-line.ts'

/** What stands in a line, and what is left of it. */
const lines: Record<string, [line: string, shown: string]> = {
	'a password that is set': ['connect with password=hunter2 failed', 'connect with password=[redacted] failed'],
	'a quoted one, with spaces': [`password='hunter 2' host=db`, 'password=[redacted] host=db'],
	'one in quotes of JSON': [String.raw`{"msg":"passwd=\"hunter 2\" was wrong"}`, '{"msg":"passwd=[redacted] was wrong"}'],
	'a token, a secret and a key': ['token=abc, secret=def; api_key=ghi', 'token=[redacted], secret=[redacted]; api_key=[redacted]'],
	'a ticket and a key of a query': [
		'GET /jobs/stream?ticket=abc&key=def&since=4',
		'GET /jobs/stream?ticket=[redacted]&key=[redacted]&since=4',
	],
	'a bearer token': ['authorization: Bearer abcdef.ghijkl', 'authorization: Bearer [redacted]'],
	'a key of taskq': ['taskq_me_0123456789abcdefghij is unknown', 'taskq_me_[redacted] is unknown'],
	'the password of a connection string': ['postgres://app:hunter2@db:5432/taskq', 'postgres://app:[redacted]@db:5432/taskq'],
}

for (const [title, [line, shown]] of Object.entries(lines))
	test(`hidden: ${title}`, (t) => {
		t.is(redactLine(line), shown)
	})

test('a line of the log stays JSON, whatever is hidden in it', (t) => {
	for (const [line] of Object.values(lines))
		t.notThrows(() => JSON.parse(redactLine(JSON.stringify({ msg: line, err: { message: `${line}"` } }))), line)
})

test('what only looks like a secret stays', (t) => {
	for (const line of ['the token was refused', 'password required', 'postgres://db:5432/taskq', 'cpu=4 key 7', 'bearer of news'])
		t.is(redactLine(line), line)
})
