/** Sessions that are being opened when something happens to a link. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BaseMasterConnection } from '../../src/client/master-connection.js';
import { MasterConnection } from '../../src/client/node.js';
import type { Master, MasterOptions } from '../../src/index.js';
import { nodePlatform } from '../../src/peer/node/index.js';
import type { CreatePeer } from '../../src/peer/rtc.js';
import { MasterToClient, readMessage } from '../../src/wire/index.js';
import { clientFor, coded, masterFor, seen, slaveFor } from '../support/stage.js';
import { Inbox, next, within } from '../support/wait.js';

/** A client's link as it is now, to be cut. */
async function linkOf(master: Master, client: BaseMasterConnection): Promise<() => Promise<unknown>> {
	const [socket] = await next(master, 'clientconnection');
	return async () => {
		const back = next(client, 'reconnected');
		socket.terminate();
		await back;
	};
}

/** Well below every bound of opening a session. */
const SOON = 3_500;

describe('a session that is being opened when the link of its client is lost', () => {
	for (const paths of [['relay'], ['rtc'], ['rtc', 'relay']] as const) {
		it(`is offered again where nobody has accepted it: ${paths.join(' and ')}`, async (t) => {
			const { master, url } = await masterFor(t);
			const slave = await slaveFor(t, url);
			const asked = new Inbox<string>();
			slave.on('offer', async (_reject, { session }) => {
				asked.put(session);
				// The first time somebody thinks about it for ever.
				if (asked.items.length === 1) await new Promise(() => {});
			});
			const client = clientFor(t, url, { paths });
			const cut = await linkOf(master, client);
			const slaveCo = await seen(client, slave.id);
			const opened = slaveCo.createDataChannel('x');
			await asked.count(1);
			await cut();
			const channel = await within(opened, 'the channel', SOON);
			assert.equal(channel.readyState, 'open');
			const [first, ...others] = asked.items;
			assert.deepEqual(others, [first], 'asked once more, about the same session');
		});
	}

	it('fails once when the link does not come back, though its listener begins another', async (t) => {
		const { master, url } = await masterFor(t);
		const slave = await slaveFor(t, url);
		slave.on('offer', () => new Promise(() => {}));
		const linked = next(master, 'clientconnection');
		const client = clientFor(t, url, { reconnect: false });
		const [socket] = await linked;
		const slaveCo = await seen(client, slave.id);
		const codes: string[] = [];
		slaveCo.on('close', ({ code }) => {
			codes.push(code);
			if (codes.length < 100) slaveCo.connect().catch(() => {});
		});
		slaveCo.connect().catch(() => {});
		await next(slave, 'offer');
		const closed = next(client, 'close');
		socket.terminate();
		await closed;
		assert.deepEqual(codes, ['link-closed', 'slave-gone']);
		assert.equal(slaveCo.state, 'gone');
	});

	it('goes on where the slave has accepted it, and nobody is asked again', async (t) => {
		const options: MasterOptions = { relay: false };
		const { master, url } = await masterFor(t, options);
		const slave = await slaveFor(t, url, 0, undefined, { direct: false });
		const asked = new Inbox<unknown>();
		slave.on('offer', (_reject, offer) => asked.put(offer));
		const answered = new Inbox<unknown>();
		let isDeaf = true;
		const createPeer: CreatePeer = (config) => {
			const peer = nodePlatform.createPeer(config);
			const { setRemoteDescription } = peer;
			peer.setRemoteDescription = async (...args) => {
				answered.put(args);
				if (!isDeaf) await setRemoteDescription.apply(peer, args);
			};
			return peer;
		};
		const platform = { ...nodePlatform, createPeer };
		const client = new BaseMasterConnection(platform, (text) => readMessage(MasterToClient, text), url);
		t.after(() => client.close());
		const cut = await linkOf(master, client);
		const slaveCo = await seen(client, slave.id);
		const connected = next(slave, 'connection');
		const opened = slaveCo.connect();
		await answered.count(1);
		isDeaf = false;
		await cut();
		await within(opened, 'the session', SOON);
		await connected;
		assert.deepEqual([asked.items.length, slaveCo.path], [1, 'rtc']);
	});
});

describe('a client in Node', () => {
	it('must be told the URL of its master', () => {
		assert.throws(
			() => new MasterConnection(),
			(thrown: Error) => {
				assert.match(thrown.message, /URL.*ws:\/\//);
				return coded('bad-url')(thrown);
			},
		);
	});
});
