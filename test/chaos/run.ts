/** `npm run chaos -- --seconds 120 --seed 7`. */
import { parseArgs } from 'node:util';
import { chaos } from './chaos.js';

const { values } = parseArgs({
	options: {
		seconds: { type: 'string', default: '60' },
		seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
		verbose: { type: 'boolean', default: false },
	},
});
console.log(`chaos for ${values.seconds} s, seed ${values.seed}`);
const result = await chaos({
	seconds: Number(values.seconds),
	seed: Number(values.seed),
	log: values.verbose ? console.log : () => {},
});
console.log(result);
process.exit(result.violations.length === 0 ? 0 : 1);
