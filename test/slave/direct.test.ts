/** Clients that write a slave's answer themselves, and the slave that has not accepted yet, or never does. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { directAnswer, newCredentials } from '../../src/peer/direct.js';
import { nodePlatform } from '../../src/peer/node/index.js';
import { sdpToSend } from '../../src/peer/sdp.js';
import type { DirectoryEntry } from '../../src/wire/index.js';
import { RawLink } from '../support/raw-link.js';
import { masterFor, slaveFor } from '../support/stage.js';
import { freePort, gatewayFor } from '../support/udp.js';
import { Inbox, next, turns } from '../support/wait.js';

/** A slave behind a gateway that sees every packet, and a client that keeps to no decision. */
async function stage(t: TestContext) {
	const { url } = await masterFor(t);
	const port = await freePort();
	const gateway = await gatewayFor(t, port);
	const publicAddress = `127.0.0.1:${gateway.port}`;
	const slave = await slaveFor(t, url, 0, undefined, { port, publicAddress });
	const link = await RawLink.open(t, url, 'client');
	const { slaves } = await link.hear('snapshot');
	const { direct } = (slaves as DirectoryEntry[])[0] as DirectoryEntry;
	assert.ok(direct !== undefined);
	const states = new Inbox<string>();
	const peer = nodePlatform.createPeer({ iceServers: [] });
	peer.onconnectionstatechange = () => states.put(peer.connectionState);
	t.after(() => peer.close());
	const opened = new Inbox<string>();
	const trunk = peer.createDataChannel('enslavism', { negotiated: true, id: 1022 });
	trunk.onopen = () => opened.put('open');
	return {
		slave,
		link,
		gateway,
		opened,
		states,
		/** Offers a session, and begins to check at once. */
		async offer(): Promise<void> {
			await peer.setLocalDescription();
			const sdp = sdpToSend('offer', peer.localDescription?.sdp ?? '');
			const ice = newCredentials();
			// Nobody reaches this end first.
			link.say({ t: 'offer', session: 's', slave: slave.id, sdp: sdp.replace(/^a=candidate:.*\r\n/gm, ''), ice });
			await peer.setRemoteDescription({ type: 'answer', sdp: directAnswer(sdp, direct, ice) });
		},
	};
}

/** So many checks that are not answered take a client half a second, and twice as many four times as long. */
const CHECKS = 2;

describe('a client whose checks arrive before the slave has decided', () => {
	it('opens nothing where the slave refuses, however long it goes on: nothing answers it', async (t) => {
		const { slave, link, gateway, offer, opened, states } = await stage(t);
		slave.on('connection', () => assert.fail('connected'));
		slave.on('offer', async (reject) => {
			await gateway.inward.count(CHECKS);
			reject('full');
		});
		await offer();
		const { reason } = await link.hear('rejected');
		const before = gateway.inward.items.length;
		assert.ok(before >= CHECKS);
		await gateway.inward.count(before + CHECKS);
		assert.deepEqual([reason, gateway.outward.items, opened.items, slave.connections], ['full', [], [], []]);
		assert.ok(!states.items.includes('connected'), states.items.join());
	});

	it('is connected once the slave accepts, and not before', async (t) => {
		const { slave, gateway, offer, opened } = await stage(t);
		let answers: number | undefined;
		slave.on('offer', async () => {
			await gateway.inward.count(CHECKS);
			await turns(10);
			answers = gateway.outward.items.length;
		});
		const connected = next(slave, 'connection');
		await offer();
		await opened.count(1);
		await connected;
		assert.equal(answers, 0);
		assert.ok(gateway.outward.items.length > 0);
	});
});
