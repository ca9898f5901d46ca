/** A process that ends at once in all of its starts but this one: `node late.ts w1.3 3`. */
const [name, start] = process.argv.slice(2)
if (name!.endsWith(`.${start}`)) {
	console.log('it works')
	setInterval(() => {}, 1000)
} else console.log(`${name} ends`)
