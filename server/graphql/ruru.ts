/** What GraphiQL shows first. */
import type {} from 'postgraphile/grafserv'

const WELCOME = `# Ctrl-Enter runs this; Ctrl-Space says what else there is.
# Where an API key is needed, give it below, under Headers: {"Authorization": "Bearer taskq_<id>_<secret>"}
{
  jobs(first: 10) {
    totalCount
    nodes {
      jobId
      type
      status
      createdAt
    }
  }
}
`

export const ruru: GraphileConfig.Preset['ruru'] = {
	clientConfig: { defaultQuery: WELCOME } as NonNullable<GraphileConfig.Preset['ruru']>['clientConfig'] & object,
	// browsers ask for an icon that is not named, and there is none
	htmlParts: { metaTags: (tags) => `${tags}\n<link rel="icon" href="data:,">` },
}
