import { claimMutants } from './claims.ts'
import { graphMutants } from './graphs.ts'
import type { Mutant } from './mutant.ts'
import { streamMutants } from './stream.ts'

/** Every rule that is broken on purpose. One that no test sees is a missing test. */
export const mutants: Mutant[] = [...claimMutants, ...graphMutants, ...streamMutants]
