import type { Pair } from './pair.js';
import { wait } from './stats.js';

const WARM_UP_MS = 250;
const WINDOW_MS = 600;
/** What is still on its way when the sender stops is not to be counted with the next measurement. */
const REST_MS = 200;

/** Messages a second that arrive while the client keeps the channel full. */
export async function throughput({ server, client }: Pair, channel: number, size: number): Promise<number> {
	const blasting = client.call('blast', channel, size, WARM_UP_MS + WINDOW_MS + 50);
	await wait(WARM_UP_MS);
	const before = await server.call('sample');
	await wait(WINDOW_MS);
	const after = await server.call('sample');
	await blasting;
	await wait(REST_MS);
	return ((after.messages - before.messages) / (after.at - before.at)) * 1000;
}
