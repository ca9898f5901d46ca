import type { Task } from '../task.ts'
import { dataExport } from './data-export.ts'
import { dataFetch } from './data-fetch.ts'
import { dataProcessing } from './data-processing.ts'
import { echo } from './echo.ts'
import { httpRequest } from './http-request.ts'
import { math } from './math.ts'
import { randomFailure } from './random-failure.ts'
import { reportGeneration } from './report-generation.ts'
import { sendEmail } from './send-email.ts'
import { sleep } from './sleep.ts'

/** The tasks that every worker brings along. */
export const tasks: Task[] = [
	sleep,
	math,
	echo,
	randomFailure,
	sendEmail,
	httpRequest,
	dataFetch,
	dataExport,
	dataProcessing,
	reportGeneration,
]
