import fs from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../..')

export interface SqlFile {
	/** Below functions/. */
	path: string
	/** What it is named for. */
	name: string
	text: string
}

/** Every file of functions/ that makes an object. */
export const sqlFiles = (): SqlFile[] =>
	fs
		.readdirSync(path.join(root, 'functions'), { recursive: true, encoding: 'utf8' })
		.filter((file) => /^\d_\w+\/.*\.sql$/.test(file))
		.sort()
		.map((file) => ({ path: file, name: path.basename(file, '.sql'), text: fs.readFileSync(path.join(root, 'functions', file), 'utf8') }))

/** Without comments and the insides of texts. */
const bare = (text: string): string => text.replaceAll(/--.*$|'(?:[^']|'')*'/gm, (found) => (found.startsWith('-') ? '' : "''"))

const objects = (text: string): string[] =>
	[...bare(text).matchAll(/^\s*(?:create|alter|drop)\s(?:or replace\s)?\s*\w+\s+([\w.]+)/gm)].map(([, name]) => name!)

const linesOfBody = (text: string): number => (/\bas \$\$\n([\s\S]*?)^\$\$;/m.exec(text)?.[1]?.split('\n').length ?? 1) - 1

const isFunction = (text: string): boolean => /^create or replace function /m.test(text)

const declaration =
	/^create or replace function taskq(_private)?\.\w+\([\s\S]*?\)\n(returns [\s\S]*?\n)?language (sql|plpgsql)\n(volatile|stable|immutable)\n(strict\n)?(parallel safe\n)?(security definer\n)?(set search_path = .*\n)?(set \w+ = .*\n)*(as \$\$|return .*)$/m

const only = (...names: string[]) => new Set(names)
const mayskip = only(
	...['promote_due_jobs', 'take_jobs', 'settle_chunk', 'cancel_workflows', 'rescue_lost_workers', 'expire_attempts'],
	...['deletable_jobs', 'retry_dead_letters', 'discard_dead_letters', 'tick', 'fire_due', 'issue_ticket'],
)
// texts that PostgreSQL can only be asked about by trying, locks that can only be had by waiting, a schedule that is to stop no other
const maycatch = only('to_instant', 'refuse_bad_patterns', 'keep_history', 'time_zone_error', 'fire_schedules')
// partitions have no names before they are made
const mayexecute = only('add_partition', 'open_period', 'drop_period')

/** A breach is true; `broken` is a file that breaks the rule. */
export interface FileRule {
	breaks: (file: SqlFile) => boolean
	broken: string
}

const good = 'create or replace function taskq.broken()\nreturns void\nlanguage sql\nvolatile\nas $$\n  select 1;\n$$;\n'
const end = `comment on function taskq.broken() is 'x';\n`

export const fileRules: Record<string, FileRule> = {
	'a file makes the one object that it is named for': {
		breaks: ({ name, text }) =>
			objects(text).length !== 1 || !/^taskq(_private)?\.\w+$/.test(objects(text)[0]!) || objects(text)[0]!.split('.')[1] !== name,
		broken: good.replace('broken', 'other') + end,
	},
	'a file can be run again': {
		breaks: ({ text }) => !/^create or replace (function|view) /m.test(text),
		broken: good.replace('or replace ', '') + end,
	},
	'a file ends with the comment on its object': {
		breaks: ({ name, text }) =>
			!new RegExp(`\\ncomment on (function|view) taskq(_private)?\\.${name}\\b[^;]*? is\\s+'(?:[^']|'')+';\\n$`).test(text),
		broken: good,
	},
	'a header has at most 6 lines': {
		breaks: ({ text }) => text.split('\n').findIndex((line) => !line.startsWith('--')) > 6,
		broken: `${'-- line\n'.repeat(7)}${good}${end}`,
	},
	'a body has at most 60 lines': {
		breaks: ({ text }) => linesOfBody(text) > 60,
		broken: good.replace('  select 1;\n', '  select 1;\n'.repeat(61)) + end,
	},
	'a declaration goes: arguments, returns, language, volatility, security, search_path, body': {
		breaks: ({ text }) => isFunction(text) && !declaration.test(text),
		broken: good.replace('volatile\n', '') + end,
	},
	'SQL is written in lowercase': {
		breaks: ({ text }) => /[A-Z]/.test(bare(text).replaceAll('collate "C"', '')), // which has no other name
		broken: good.replace('select', 'SELECT') + end,
	},
	'there is no dynamic SQL, but for partitions': {
		breaks: ({ name, text }) => /\bexecute\b/.test(bare(text)) && !mayexecute.has(name),
		broken: good.replace('select 1', `execute format('select %s', 1)`) + end,
	},
	'rows are skipped only in claim, promote, chunks, rescue, retention and schedules': {
		breaks: ({ name, text }) => /\bskip\s+locked\b/.test(bare(text)) && !mayskip.has(name),
		broken: good.replace('select 1', 'select from t for update skip locked') + end,
	},
	'no subtransaction is in a hot path': {
		breaks: ({ name, text }) => /^exception$/m.test(bare(text)) && !maycatch.has(name),
		broken: good.replace('  select 1;\n', '  select 1;\nexception\n  when others then null;\n') + end,
	},
	'time comes only from taskq_private.clock()': {
		breaks: ({ name, text }) =>
			/\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(|\bcurrent_(timestamp|date|time)\b/.test(
				bare(text),
			) && name !== 'clock',
		broken: good.replace('1', 'now()') + end,
	},
	'lines have no trailing blanks and no tabs': {
		breaks: ({ text }) => /[ \t]$|\t/m.test(text),
		broken: good.replace('1;', '1; ') + end,
	},
}
