/** What no line may hold wherever it stands: parts of URLs, what is set as in `password=…`, keys, bearer tokens, passwords of connection strings. */
const SECRETS: [RegExp, string][] = [
	[/([?&](?:ticket|key)=)[^&\s"\\]+/gi, '$1[redacted]'],
	[
		/((?:passw(?:or)?d|passphrase|pwd|secret|token|(?:api|access|private)[-_]?key|credentials?)=)(\\"[^"\\]*\\"|'[^']*'|[^\s&;,"'\\]+)/gi,
		'$1[redacted]',
	],
	[/\b(bearer)\s+[\w.~+/=-]{8,}/gi, '$1 [redacted]'],
	[/(taskq_[A-Za-z0-9]{1,50})_[A-Za-z0-9]{16,}/g, '$1_[redacted]'],
	[/(:\/\/[^/:@\s"]*):[^/\s"]+@/g, '$1:[redacted]@'],
]

/** A text without what could open a door. */
export const redactLine = (line: string): string => SECRETS.reduce((text, [secret, instead]) => text.replace(secret, instead), line)
