/** Sessions over WebRTC between programs where the slave publishes no address: it answers in the ordinary way. */
import assert from 'node:assert/strict';
import os from 'node:os';
import { describe, it } from 'node:test';
import { coded, echo, messagesOf, runningOver, sessionFor, trioFor } from '../support/stage.js';
import { Inbox, next } from '../support/wait.js';

/** Without the relay nothing else could carry what a test sends. */
const ORDINARY = { slave: { direct: false }, client: { paths: ['rtc'] as const } };

describe('a slave in Node that is not known in advance', () => {
	it('takes several channels at once, ordered and not, and what they say arrives', async (t) => {
		const { slave, slaveCo } = await trioFor(t, undefined, ORDINARY);
		assert.equal(slaveCo.entry.direct, undefined);
		echo(slave);
		const options = [{}, { ordered: false }, { ordered: false, maxRetransmits: 3 }, {}];
		const channels = await Promise.all(options.map((each, n) => slaveCo.createDataChannel(`${n}`, each)));
		const answers = channels.map(messagesOf);
		for (const [n, channel] of channels.entries()) for (const word of ['a', 'b', 'c']) channel.send(word + n);
		for (const [n, each] of answers.entries()) {
			assert.deepEqual((await each.count(3)).toSorted(), [`a${n}`, `b${n}`, `c${n}`]);
		}
		assert.equal(slaveCo.path, 'rtc');
		assert.equal(slave.connections.length, 1);
	});

	it('is connected to again after a close by either end, and has nothing left of the session before', async (t) => {
		const { slave, slaveCo, clientCo } = await sessionFor(t, ORDINARY);
		const sessions = new Inbox<string>();
		slave.on('connection', (client) => sessions.put(client.session));
		await slaveCo.createDataChannel('x');
		const over = Promise.all([next(clientCo, 'close'), next(slaveCo, 'close')]);
		slaveCo.close('enough');
		assert.equal((await over)[0][0].reason, 'enough');
		for (const round of [1, 2]) {
			const [channel] = await Promise.all([slaveCo.createDataChannel('x'), next(slave, 'connection')]);
			await runningOver('rtc', slaveCo);
			assert.deepEqual([slaveCo.dataChannels.size, slave.connections.length], [1, 1]);
			const closed = [next(channel, 'close'), next(slaveCo, 'close')];
			slave.connections[0]?.close(`round ${round}`);
			await Promise.all(closed);
			assert.deepEqual([slaveCo.dataChannels.size, slave.connections.length], [0, 0]);
		}
		assert.equal(new Set([...sessions.items, clientCo.session]).size, 3);
	});

	it('refuses with its reason, opens nothing, and may accept the next time', async (t) => {
		const { slave, slaveCo } = await trioFor(t, undefined, ORDINARY);
		slave.once('offer', (reject) => reject('full'));
		const told = next(slaveCo, 'rejected');
		const refused = [slaveCo.connect(), slaveCo.createDataChannel('x')];
		for (const each of refused) await assert.rejects(each, coded('rejected', 'full'));
		assert.deepEqual([await told, slave.connections, slaveCo.path], [['full'], [], undefined]);
		await slaveCo.connect();
		await runningOver('rtc', slaveCo);
	});
});

describe('a slave in Node that has IPv6 alone', () => {
	const hasSix = Object.values(os.networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'));

	for (const direct of [true, false]) {
		it(`is connected to over it${direct ? '' : ', with an ordinary answer, too'}`, { skip: !hasSix }, async (t) => {
			const slave = { bindAddress: '::1', publicAddress: '::1', direct };
			const { slaveCo, clientCo } = await sessionFor(t, { slave, client: { paths: ['rtc'] } });
			await runningOver('rtc', slaveCo, clientCo);
			await slaveCo.rtt();
			if (direct) assert.match(String(slaveCo.entry.direct?.candidates), / ::1 \d+ typ host$/);
		});
	}
});
