/** Texts that have broken other programs. */

/** After sqlmap's: what ends a text, a list or a statement, comments, unions, delays, errors that tell, and encodings of these. */
export const sql = [
	...[
		"'",
		"''",
		'"',
		'`',
		'\\',
		"\\'",
		"';",
		"' --",
		"'/*",
		"')",
		"'))",
		'%27',
		'%2527',
		'\u02bc',
		'\uff07',
		'$$',
		'$a$',
		'::text',
		'{}',
		'{"}',
		"E'\\'",
	],
	...["' or '1'='1", "' or 1=1--", "') or ('a'='a", '" or ""="', "' or 1=1) --", 'or 1=1', "' || 'x", "'+'", '1 or 1=1', '1) or (1=1'],
	...[
		"'; drop table taskq_private.job_specs; --",
		"'; delete from taskq_private.ready_jobs; --",
		"'); truncate taskq_private.lanes cascade; --",
	],
	...["' union select null--", "' union all select api_key from taskq_private.api_keys--", "') union select version(),null,null--"],
	...["'; select pg_sleep(30)--", "' || pg_sleep(30) || '", '(select 1 from pg_sleep(30))', "1; copy (select '') to program 'id'--"],
	...["' and 1=cast((select current_user) as int)--", "' and extractvalue(1,concat(0x7e,version()))--", "' order by 1000--"],
	...["'; set role postgres; --", "'; reset role; --", "'; select set_config('role', 'postgres', false)--", 'lo_import(', 'dblink('],
	...[
		"admin'--",
		"1' and '1'='2",
		'1e309',
		'NaN',
		'Infinity',
		'null',
		'true',
		'[]',
		'{1,2}',
		'{"a":{"$gt":""}}',
		'../../etc/passwd',
		'%',
		'_',
		'*',
		'.*',
		'(a+)+$',
	],
]

/** Names that lead to the prototype of all objects. */
export const prototypes = [
	'__proto__',
	'constructor',
	'prototype',
	'constructor.prototype',
	'__defineGetter__',
	'toString',
	'hasOwnProperty',
	'valueOf',
]

/** What would begin a new line, header or answer. */
export const lines = [
	'a\r\nX-Evil: 1',
	'a\nX-Evil: 1',
	'a\rX-Evil: 1',
	'a\r\n\r\n<script>',
	'a\u2028b',
	'a\u0085b',
	'a%0d%0aX-Evil:%201',
	'{"level":60}\n{"level":10}',
	'\u001b[31mred',
	'\u0000',
]

/** Bytes that are no UTF-8, or not the only UTF-8 of what they mean. */
export const badBytes: Record<string, number[]> = {
	'a byte that begins nothing': [0xff],
	'a continuation without a beginning': [0x80],
	'a beginning without its continuation': [0xc3],
	'an overlong slash': [0xc0, 0xaf],
	'an overlong NUL': [0xc0, 0x80],
	'a longer overlong slash': [0xe0, 0x80, 0xaf],
	'half of a surrogate pair': [0xed, 0xa0, 0x80],
	'both halves of a surrogate pair': [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
	'beyond the last character': [0xf4, 0x90, 0x80, 0x80],
	'a character of five bytes': [0xf8, 0x88, 0x80, 0x80, 0x80],
}
