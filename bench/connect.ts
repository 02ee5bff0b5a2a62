/**
 * How long does it take to open a channel? A Node client and a slave on loopback, from the call of
 * `createDataChannel` to the open channel, one after another; beside it two raw node-datachannel connections in one
 * process, with default roles (the answerer begins the DTLS handshake) and signalling by function call.
 */
import { PeerConnection } from 'node-datachannel';
import { MasterConnection } from '../src/client/node.js';
import { Child } from './support/child.js';
import type { EndApi } from './support/end.js';
import type { MasterApi } from './support/master.js';
import { firstSlave } from './support/ours.js';
import { judge, show } from './support/report.js';
import { median, quantile, wait } from './support/stats.js';
import { UNLIMITED_RATES } from './support/unlimited.js';

const CONNECTS = 300;
/** Fewer: with default roles about half of them take a second. */
const RAW_CONNECTS = 40;
const RAW_BOUND_MS = 3000;

async function ours(): Promise<number[]> {
	const masterProcess = new Child<MasterApi>('./master.ts');
	const url = `ws://localhost:${await masterProcess.call('start', 0, { limits: UNLIMITED_RATES })}`;
	const slaveProcess = new Child<EndApi>('./end.ts', ['ours', url]);
	await slaveProcess.call('serve');
	const master = new MasterConnection(url);
	const slave = await firstSlave(master);
	const took: number[] = [];
	for (let n = 0; n < CONNECTS; n++) {
		const started = performance.now();
		await slave.createDataChannel('bench');
		took.push(performance.now() - started);
		const closed = new Promise((resolve) => slave.once('close', resolve));
		slave.close();
		await closed;
	}
	master.close();
	await Promise.all([masterProcess.stop(), slaveProcess.stop()]);
	return took;
}

/** Leaves the library's callback before the library is called again, which may find the connection gone. */
function later<Args extends unknown[]>(action: (...args: Args) => void): (...args: Args) => void {
	return (...args) =>
		setImmediate(() => {
			try {
				action(...args);
			} catch {
				// The connection does not open, and counts as one that takes RAW_BOUND_MS.
			}
		});
}

async function rawConnect(): Promise<number> {
	const started = performance.now();
	const offerer = new PeerConnection('offerer', { iceServers: [] });
	const answerer = new PeerConnection('answerer', { iceServers: [] });
	for (const [one, other] of [
		[offerer, answerer],
		[answerer, offerer],
	] as const) {
		one.onLocalDescription(later((sdp, type) => other.setRemoteDescription(sdp, type)));
		one.onLocalCandidate(later((candidate, mid) => other.addRemoteCandidate(candidate, mid)));
	}
	const channel = offerer.createDataChannel('bench');
	await Promise.race([new Promise<void>((resolve) => channel.onOpen(later(() => resolve()))), wait(RAW_BOUND_MS)]);
	const took = performance.now() - started;
	channel.close();
	offerer.close();
	answerer.close();
	return took;
}

const times = await ours();
const raw: number[] = [];
for (let n = 0; n < RAW_CONNECTS; n++) raw.push(await rawConnect());

for (const q of [0.5, 0.9, 0.99]) show(`quantile ${q}`, quantile(times, q), 'ms', 'raw', quantile(raw, q));
console.log(
	`  over 900 ms: ${times.filter((ms) => ms > 900).length} of ${CONNECTS}, raw ${raw.filter((ms) => ms > 900).length} of ${RAW_CONNECTS}`,
);
judge(`median of ${CONNECTS} connects`, median(times), { atMost: 20 }, 'ms');
judge(`p99 of ${CONNECTS} connects`, quantile(times, 0.99), { atMost: 150 }, 'ms');
