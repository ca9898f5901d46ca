/** `node place-order.ts <customer> <total>`: the order and its job, both or none. */
import pg from 'pg'

/** Whatever fails after the submit takes the job back with the order: no message can be sent for an order that does not exist. */
export async function placeOrder(client: pg.ClientBase, customer: string, total: number): Promise<{ orderId: string; jobId: string }> {
	await client.query('begin')
	try {
		const order = await client.query('insert into orders (customer, total) values ($1, $2) returning order_id', [customer, total])
		const orderId: string = order.rows[0].order_id
		const payload = { to: `${customer}@example.com`, subject: `Your order ${orderId}`, text: 'Thank you!' }
		const job = await client.query(
			`select job_id from taskq.submit_job('send_email', $1::jsonb, idempotency_key => $2, metadata => $3::jsonb)`,
			[JSON.stringify(payload), `confirm-order-${orderId}`, JSON.stringify({ order_id: Number(orderId) })],
		)
		chargeCard(total)
		await client.query('commit')
		return { orderId, jobId: job.rows[0].job_id }
	} catch (error) {
		await client.query('rollback')
		throw error
	}
}

/** Stands for what else an order needs, and may fail. */
function chargeCard(total: number): void {
	if (total > 1000) throw new Error('the card was declined')
}

if (import.meta.main) {
	const client = new pg.Client(process.env.DATABASE_URL)
	await client.connect()
	try {
		console.log(JSON.stringify(await placeOrder(client, process.argv[2]!, Number(process.argv[3]))))
	} finally {
		await client.end()
	}
}
