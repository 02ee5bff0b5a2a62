/**
 * `npm run fuzz -- --seconds 60 --seed 7 --frames 200000`: decoders for so long, then a live master and slave under so many frames.
 */
import { parseArgs } from 'node:util';
import { fuzzDecoders } from './decoding.js';
import { fuzzLive } from './live.js';

/** Bounds of what a well-behaved client waits, in milliseconds, and of what stays in memory, in MB. */
const P99 = 100;
const GROWN = 20;

const { values } = parseArgs({
	options: {
		seconds: { type: 'string', default: '30' },
		seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
		frames: { type: 'string', default: '200000' },
		sockets: { type: 'string', default: '50' },
	},
});
const seed = Number(values.seed);
console.log(`seed ${seed}`);
const decoded = await fuzzDecoders(Number(values.seconds), seed);
console.log(`decoders: ${decoded.inputs} inputs, ${decoded.failures.length} failures`, ...decoded.failures);
const live = await fuzzLive({ seed, sockets: Number(values.sockets), frames: Number(values.frames) });
console.log('live:', live);
const good = decoded.failures.length + live.errors.length === 0 && live.p99 < P99 && live.grownMb < GROWN;
console.log(good ? 'good' : `not good: p99 must be below ${P99} ms, memory within ${GROWN} MB, and nothing may fail`);
process.exit(good ? 0 : 1);
