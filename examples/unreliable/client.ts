/**
 * Hears the same messages on a reliable and on an unreliable channel, and prints every second how they arrived. On a
 * bad network the reliable channel loses nothing, but one lost message holds up all that come after it; the other one
 * loses some, and the rest is on time. Run master and slave as slave.ts says, and then
 *
 *     npx tsx examples/unreliable/client.ts
 *
 * A second with 80 ms and 5 % of loss looked like this: 49 heard, none lost, 142 ms at the median, 284 ms at worst on
 * the reliable channel; 44 heard, 5 lost, 81 ms at the median, 82 ms at worst on the other.
 *
 * To make the network of this Linux machine bad for a while (`del` in place of `add` ends it):
 *
 *     sudo tc qdisc add dev lo root netem delay 40ms loss 5%
 */
import { MasterConnection, type SlaveConnection } from 'enslavism/client';
import { Arrivals } from './arrivals.js';

const master = new MasterConnection(process.env.MASTER ?? 'ws://localhost:8081');

master.on('slaveadded', (slave) => {
	compare(slave).catch((error: Error) => console.log(error.message));
});
master.once('close', (error) => console.log(error.message));

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => master.close());

async function compare(slave: SlaveConnection): Promise<void> {
	const [reliable, unreliable] = await Promise.all([
		slave.createDataChannel('reliable'),
		slave.createDataChannel('unreliable', { ordered: false, maxRetransmits: 0 }),
	]);
	const rows = { reliable: new Arrivals(reliable), unreliable: new Arrivals(unreliable) };
	const timer = setInterval(() => {
		console.table({ reliable: rows.reliable.take(), unreliable: rows.unreliable.take() });
	}, 1000);
	slave.once('close', (error) => {
		clearInterval(timer);
		console.log(error.message);
	});
}
