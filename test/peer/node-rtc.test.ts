import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createNodePeer } from '../../src/peer/node/rtc.js';
import type { RtcChannel, RtcPeer } from '../../src/peer/rtc.js';
import { within } from '../support/wait.js';

const opened = (channel: RtcChannel): Promise<void> =>
	new Promise((resolve) => {
		channel.onopen = () => resolve();
	});

const closed = (peer: RtcPeer): Promise<void> =>
	new Promise((resolve) => {
		peer.onconnectionstatechange = () => {
			if (peer.connectionState === 'closed') resolve();
		};
	});

/** Lets the library's threads run, and nothing in JavaScript. */
const hold = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

it('a connection in Node that is being closed gives no more channels, also before it has told', async (t) => {
	const near = createNodePeer({ iceServers: [] });
	const far = createNodePeer({ iceServers: [] });
	t.after(() => near.close());
	t.after(() => far.close());
	const both = [near, far].map((peer) => opened(peer.createDataChannel('trunk', { negotiated: true, id: 0 })));
	await near.setLocalDescription();
	await far.setRemoteDescription({ type: 'offer', sdp: near.localDescription?.sdp ?? '' });
	await far.setLocalDescription();
	await near.setRemoteDescription({ type: 'answer', sdp: far.localDescription?.sdp ?? '' });
	await within(Promise.all(both), 'the connection');
	near.createDataChannel('lane', { negotiated: true, id: 1 });

	const over = closed(near);
	far.close();
	await new Promise(setImmediate);
	// What the library does meanwhile is told when this turn has ended, not before.
	let problem: unknown;
	for (let id = 2; problem === undefined && id < 1000; id++) {
		hold(10);
		try {
			near.createDataChannel('too late', { negotiated: true, id });
		} catch (thrown) {
			problem = thrown;
		}
	}
	assert.equal(near.connectionState, 'connected');
	assert.match(String(problem), /the connection is over/);
	await within(over, 'the news');
});
