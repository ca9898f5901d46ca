/** Markup that is safe to put into a page: it was made by `html`. */
export class Html {
	readonly text: string
	constructor(text: string) {
		this.text = text
	}
}

export type Content = Html | string | number | false | null | undefined | Content[]

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '\0': '\ufffd' }

/** Text as it stands in an element or a quoted attribute. */
export const escapeHtml = (text: string) => text.replace(/[&<>"'\0]/g, (character) => ENTITIES[character] ?? character)

/** A template in which every value is escaped unless it is itself made by `html`. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
	return new Html(strings.reduce((text, part, at) => text + render(values[at - 1]) + part))
}

function render(value: Content): string {
	if (value instanceof Html) return value.text
	if (Array.isArray(value)) return value.map(render).join('')
	return value === false || value === null || value === undefined ? '' : escapeHtml(String(value))
}
