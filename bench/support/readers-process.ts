/** A process that reads from many sockets and notes how old each message is. */
import WebSocket from 'ws';
import { answerCalls } from './child.js';

/** Ages in steps of a tenth of a millisecond; the last step has whatever is older. */
const STEPS = 100_000;
const ages = new Uint32Array(STEPS + 1);
let count = 0;

/** A message begins with the time it was sent, in ns of the clock that all processes of a machine share. */
function note(data: Buffer): void {
	const age = Number(process.hrtime.bigint() - data.readBigUInt64LE(0));
	const step = Math.min(STEPS, Math.floor(age / 1e5));
	ages[step] = (ages[step] ?? 0) + 1;
	count++;
}

function quantile(q: number): number {
	let left = count * q;
	for (let step = 0; step <= STEPS; step++) {
		left -= ages[step] ?? 0;
		if (left <= 0) return (step + 1) / 10;
	}
	return Number.POSITIVE_INFINITY;
}

const api = {
	/** Opens so many sockets. */
	open: async (url: string, sockets: number) => {
		for (let n = 0; n < sockets; n++) {
			const socket = new WebSocket(url, { perMessageDeflate: false });
			socket.on('message', note);
			await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
		}
	},

	/** Forgets what was noted. */
	reset: () => {
		ages.fill(0);
		count = 0;
	},

	/** CPU used until now in µs. */
	cpu: () => {
		const { user, system } = process.cpuUsage();
		return user + system;
	},

	/** How many messages came since, and their ages in ms. */
	ages: () => ({ count, median: quantile(0.5), p99: quantile(0.99) }),
};

/** What the process answers. */
export type ReadersApi = typeof api;

answerCalls(api);
