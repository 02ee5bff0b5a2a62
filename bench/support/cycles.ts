/**
 * A process that opens and closes a session again and again, slave and clients in one, prints its memory as it goes,
 * closes everything and then has nothing left to do: `cycles.ts ours COUNT` or `cycles.ts raw COUNT`.
 */
import { PeerConnection } from 'node-datachannel';
import { MasterConnection } from '../../src/client/node.js';
import { Master, Slave } from '../../src/index.js';
import { firstSlave } from './ours.js';
import { wait } from './stats.js';
import { UNLIMITED_RATES } from './unlimited.js';

/** Cycles between two samples. */
const SAMPLE_EVERY = 250;
/** Cycles that run side by side. */
const LANES = 4;

const [kind, count] = process.argv.slice(2);
const total = Number(count);
let done = 0;

/** Memory once what is closed has been collected. */
async function sample(): Promise<void> {
	await wait(200);
	for (let n = 0; n < 3; n++) {
		globalThis.gc?.();
		await wait(20);
	}
	console.log(JSON.stringify({ done, rss: process.memoryUsage.rss() }));
}

/** Runs `cycle` until `total` are done, in lanes, with a sample between blocks. */
async function run(cycle: (lane: number) => Promise<void>): Promise<void> {
	while (done < total) {
		const lanes = Array.from({ length: LANES }, async (_, lane) => {
			for (let n = 0; n < SAMPLE_EVERY / LANES; n++) {
				await cycle(lane);
				done++;
			}
		});
		await Promise.all(lanes);
		await sample();
	}
}

async function runOurs(): Promise<void> {
	const master = new Master(0, { limits: UNLIMITED_RATES });
	await master.ready;
	const url = `ws://localhost:${master.address()?.port}`;
	const slave = await Slave.connect(url, {});
	const clients = Array.from({ length: LANES }, () => new MasterConnection(url));
	const slaves = await Promise.all(clients.map((client) => firstSlave(client)));
	await run(async (lane) => {
		const connection = slaves[lane];
		await connection?.createDataChannel('bench');
		connection?.close();
	});
	for (const client of clients) client.close();
	slave.close();
	await master.close();
}

/** Leaves the library's callback before the library is called again, which may find the connection gone. */
function later<Args extends unknown[]>(action: (...args: Args) => void): (...args: Args) => void {
	return (...args) =>
		setImmediate(() => {
			try {
				action(...args);
			} catch {
				// The cycle ends without an open channel.
			}
		});
}

/** Raw connections, the offerer active: with default roles half of them would take a second. */
async function rawCycle(): Promise<void> {
	const config = { iceServers: [] };
	const [one, other] = [new PeerConnection('one', config), new PeerConnection('other', config)] as const;
	one.onLocalDescription(later((sdp, type) => other.setRemoteDescription(sdp.replace('actpass', 'active'), type)));
	other.onLocalDescription(later((sdp, type) => one.setRemoteDescription(sdp, type)));
	one.onLocalCandidate(later((candidate, mid) => other.addRemoteCandidate(candidate, mid)));
	other.onLocalCandidate(later((candidate, mid) => one.addRemoteCandidate(candidate, mid)));
	const channel = one.createDataChannel('bench');
	await Promise.race([new Promise<void>((resolve) => channel.onOpen(later(() => resolve()))), wait(500)]);
	channel.close();
	one.close();
	other.close();
}

if (kind === 'ours') await runOurs();
else await run(rawCycle);
console.log(JSON.stringify({ closed: true }));
