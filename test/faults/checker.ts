/** What must hold of a storm in the end: the ledger against the database. A breach is a sentence that begins with its rule. */
import * as callRules from './call-rules.ts'
import type { Facts } from './facts.ts'
import type { History } from './history.ts'
import * as jobRules from './job-rules.ts'

export type Rule = (history: History, facts: Facts) => string[]

const rules: Rule[] = [...Object.values(callRules), ...Object.values(jobRules)]

/** Every breach; none of a sound run. */
export const check = (history: History, facts: Facts): string[] => rules.flatMap((rule) => rule(history, facts))
