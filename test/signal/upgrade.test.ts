import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { introduction } from '../../src/index.js';
import { type IntroducedPeer, Introducer, type PathOptions, upgrade } from '../../src/signal/node.js';
import { later } from '../support/later.js';
import { textOf } from '../support/peers.js';
import { openMaster } from '../support/raw-socket.js';
import { next, within } from '../support/wait.js';

const BOUND = { timeout: 30_000 };

/** Two that have been introduced to each other: what each was told of the other. */
async function introduced(t: TestContext): Promise<[toBob: IntroducedPeer, toAlice: IntroducedPeer]> {
	const { url } = await openMaster(t, [introduction()]);
	const pair = ['alice', 'bob'].map((id) => {
		const own = new Introducer(url, id);
		later(t, () => own.close());
		return next(own.join('doc'), 'peer');
	});
	const [[toBob], [toAlice]] = (await Promise.all(pair)) as [[IntroducedPeer], [IntroducedPeer]];
	return [toBob, toAlice];
}

function upgraded(t: TestContext, peers: IntroducedPeer[], options?: PathOptions) {
	return Promise.all(
		peers.map(async (peer) => {
			const connection = await within(upgrade(peer, options), 'the upgrade');
			later(t, () => connection.close());
			return connection;
		}),
	);
}

describe('the socket to an introduced peer', BOUND, () => {
	test('says which of the two is to begin', async (t) => {
		const [toBob, toAlice] = await introduced(t);
		assert.deepEqual([toBob.opens, toAlice.opens], [false, true]);
	});

	for (const [path, options] of [
		['rtc', {}],
		['relay', { rtc: false }],
	] as const) {
		test(`becomes a connection with streams and channels over ${path}`, async (t) => {
			const peers = await introduced(t);
			const [near, far] = await upgraded(t, peers, options);
			assert.ok(near && far);
			assert.deepEqual([near.path, far.path, near.opened, far.opened], [path, path, false, true]);
			assert.deepEqual([near.id, far.id], ['bob', 'alice']);
			near.on('stream', (stream) => stream.pipe(stream));
			const stream = await far.createStream('meta');
			stream.end('there and back');
			assert.equal(await textOf(stream), 'there and back');
			const accepted = next(near, 'datachannel');
			const channel = await far.createDataChannel('c');
			const [there] = await accepted;
			const heard = next(there, 'message');
			channel.send('by channel');
			assert.equal((await heard)[0].data, 'by channel');
			// The socket is what the connection runs over, or is needed no more.
			assert.equal(peers[0].socket.readyState, path === 'rtc' ? 'closed' : 'open');
			const closed = next(near, 'close');
			far.close('enough');
			assert.equal((await closed)[0].reason, 'enough');
		});
	}

	test('is not upgraded when the other side says something else, or closes it', async (t) => {
		const [toBob, toAlice] = await introduced(t);
		const refused = assert.rejects(within(upgrade(toBob), 'an answer'), { code: 'bad-message' });
		toAlice.socket.send('hello, I am an application');
		await refused;
		const again = await introduced(t);
		const lost = assert.rejects(within(upgrade(again[0]), 'an answer'), { code: 'link-closed' });
		again[1].socket.close();
		await lost;
	});

	test('is not upgraded when the other side does not want to', async (t) => {
		const [toBob] = await introduced(t);
		t.mock.timers.enable({ apis: ['setTimeout'] });
		const late = assert.rejects(upgrade(toBob), { code: 'connect-timeout' });
		t.mock.timers.tick(25_000);
		await within(late, 'the end of patience');
		t.mock.timers.reset();
		assert.equal(toBob.socket.readyState, 'closed');
	});
});
