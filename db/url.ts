/** `npm run -s url`: the connection string of the database, for psql. */
import { databaseUrlOrExit } from './database-url.ts'
import { settingsOrExit } from './settings.ts'

console.log(databaseUrlOrExit(settingsOrExit()))
