import test from 'ava'
import { forEveryOrder } from './orders.ts'

/** Plays two sessions of two statements each, and says in which orders. */
async function ordersOf(isAble: (session: number, order: string) => boolean): Promise<string[]> {
	const orders: string[] = []
	await forEveryOrder(async (choose) => {
		let order = ''
		for (;;) {
			const able = [0, 1].filter((session) => order.split(String(session)).length <= 2 && isAble(session, order))
			if (!able.length) break
			order += choose(able)
		}
		orders.push(order)
	})
	return orders
}

test('every order is run once', async (t) => {
	t.deepEqual(await ordersOf(() => true), ['0011', '0101', '0110', '1001', '1010', '1100'])
})

test('a session that waits is not sent on', async (t) => {
	t.deepEqual(await ordersOf((session, order) => session === 0 || order.includes('00')), ['0011'])
})

test('what chance decides does not keep it from coming to an end', async (t) => {
	let coin = 0

	const orders = await ordersOf((session, order) => order.length !== 1 || coin++ % 4 < 2 || session === 0)

	t.true(orders.length >= 6 && orders.length < 20)
})
