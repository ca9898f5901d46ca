/** What no line may hold wherever it stands: parts of URLs, keys, bearer tokens, passwords of connection strings. */
const SECRETS: [RegExp, string][] = [
	[/([?&](?:ticket|token|access_token|api_?key|key|password|secret)=)[^&\s"\\]+/gi, '$1[redacted]'],
	[/\b(bearer)\s+[\w.~+/=-]{8,}/gi, '$1 [redacted]'],
	[/(taskq_[A-Za-z0-9]{1,50})_[A-Za-z0-9]{16,}/g, '$1_[redacted]'],
	[/(:\/\/[^/:@\s"]*):[^/\s"]+@/g, '$1:[redacted]@'],
]

/** A text without what could open a door. */
export const redactLine = (line: string): string => SECRETS.reduce((text, [secret, instead]) => text.replace(secret, instead), line)
