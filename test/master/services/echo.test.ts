import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { echo } from '../../../src/index.js';
import { EchoHistory } from '../../../src/master/services/echo-history.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { openMaster, RawSocket } from '../../support/raw-socket.js';
import { turns, within } from '../../support/wait.js';

const PATH = '/enslavism/echo';

describe('the echo service', () => {
	test('gives what one writes to everybody in the namespace, the writer included', async (t) => {
		const { url } = await openMaster(t, [echo()]);
		const all = await Promise.all([1, 2, 3].map(() => RawSocket.open(t, `${url}${PATH}/room`)));
		const other = await RawSocket.open(t, `${url}${PATH}/other`);
		all[0]?.send('hello');
		for (const each of all) assert.deepEqual(await each.heard.count(1), ['hello']);
		other.send('end');
		assert.deepEqual(await other.heard.count(1), ['end'], 'only what was said in its own namespace');
	});

	test('keeps text as text and bytes as bytes', async (t) => {
		const { url } = await openMaster(t, [echo()]);
		const one = await RawSocket.open(t, `${url}${PATH}/room`);
		const other = await RawSocket.open(t, `${url}${PATH}/room`);
		const long = 'ü€😀'.repeat(20_000);
		const bytes = Buffer.from([0, 255, 128]);
		for (const each of ['text', bytes, '', Buffer.alloc(0), long]) one.send(each);
		assert.deepEqual(await other.heard.count(5), ['text', bytes, '', Buffer.alloc(0), long]);
	});

	test('has one order for all, however many write', async (t) => {
		const { url } = await openMaster(t, [echo()]);
		const all = await Promise.all([1, 2, 3, 4].map(() => RawSocket.open(t, `${url}${PATH}/room`)));
		for (let n = 0; n < 200; n++) for (const [index, each] of all.entries()) each.send(`${index}: ${n}`);
		const heard = await Promise.all(all.map((each) => each.heard.count(800)));
		for (const each of heard) assert.deepEqual(each, heard[0]);
		for (const index of all.keys()) {
			const own = heard[0]?.filter((text) => String(text).startsWith(`${index}: `));
			assert.deepEqual(
				own,
				Array.from({ length: 200 }, (_, n) => `${index}: ${n}`),
				'and that of each writer is its own',
			);
		}
	});

	test('takes names apart that look alike', async (t) => {
		const { url } = await openMaster(t, [echo()]);
		const names = ['a', 'A', 'a%2Fb', 'a:b', '%C3%A9', '__proto__', 'constructor', 'a%20', '%25'];
		const sockets = await Promise.all(names.map((name) => RawSocket.open(t, `${url}${PATH}/${name}`)));
		for (const [index, socket] of sockets.entries()) socket.send(String(index));
		for (const [index, socket] of sockets.entries()) {
			await socket.heard.count(1);
			await socket.settle();
			assert.deepEqual(socket.heard.items, [String(index)]);
		}
	});

	test('sends a newcomer nothing that was said before', async (t) => {
		const { url } = await openMaster(t, [echo()]);
		const first = await RawSocket.open(t, `${url}${PATH}/room`);
		for (let n = 0; n < 50; n++) first.send(`old ${n}`);
		await first.heard.count(50);
		const second = await RawSocket.open(t, `${url}${PATH}/room`);
		first.send('new');
		assert.deepEqual(await second.heard.count(1), ['new']);
	});

	test('sends a newcomer nothing that was on its way when it came, and history once', async () => {
		for (const history of [0, 5]) {
			const service = echo({ history });
			const writer = FakeSocket.at(service, `${PATH}/room`);
			writer.say('old');
			const newcomer = FakeSocket.at(service, `${PATH}/room`);
			writer.say('new');
			while (!newcomer.sent.join('').endsWith('new')) await turns();
			assert.equal(newcomer.sent.join('').match(/old/g)?.length ?? 0, history === 0 ? 0 : 1);
			for (const socket of [writer, newcomer]) {
				assert.match(socket.sent.join(''), /new$/);
				socket.leave();
			}
			service.close();
		}
	});

	test('sends a newcomer the last messages, if that is wanted, and none twice', async (t) => {
		const { url } = await openMaster(t, [echo({ history: 3 })]);
		const first = await RawSocket.open(t, `${url}${PATH}/room`);
		for (let n = 0; n < 50; n++) first.send(`${n}`);
		await first.heard.count(1);
		const second = await RawSocket.open(t, `${url}${PATH}/room`);
		await first.heard.count(50);
		first.send(Buffer.from('end'));
		await second.heard.find((each) => typeof each !== 'string');
		const numbers = second.heard.items.slice(0, -1).map(Number);
		assert.deepEqual(
			numbers,
			numbers.map((_, index) => (numbers[0] ?? 0) + index),
			'without a gap or a repetition',
		);
		assert.equal(numbers.at(-1), 49);
		assert.ok(numbers.length >= 3);
		const third = await RawSocket.open(t, `${url}${PATH}/room`);
		assert.deepEqual(await third.heard.count(3), ['48', '49', Buffer.from('end')]);
	});

	test('forgets a namespace, and what was said there, when nobody is in it', async (t) => {
		const { url } = await openMaster(t, [echo({ history: 3, limits: { namespaces: 1 } })]);
		const first = await RawSocket.open(t, `${url}${PATH}/one`);
		first.send('old');
		await first.heard.count(1);
		const refused = await RawSocket.open(t, `${url}${PATH}/two`);
		assert.deepEqual(await refused.closed, { code: 4429, reason: 'there are too many namespaces' });
		first.socket.close();
		await first.closed;
		const second = await RawSocket.open(t, `${url}${PATH}/two`);
		second.send('hello');
		assert.deepEqual(await second.heard.count(1), ['hello']);
		second.socket.close();
		await second.closed;
		const third = await RawSocket.open(t, `${url}${PATH}/one`);
		third.send('new');
		assert.deepEqual(await third.heard.count(1), ['new']);
	});

	test('drops one for which too much waits, with a code', async () => {
		const service = echo({ limits: { backlogBytes: 1000 } });
		const [writer, slow] = [FakeSocket.at(service, `${PATH}/room`), FakeSocket.at(service, `${PATH}/room`)];
		slow.bufferedAmount = 1000;
		writer.say('fits');
		await turns();
		slow.bufferedAmount = 1001;
		const closed = once(slow, 'close');
		writer.say('too much');
		await within(closed, 'the slow reader to be dropped');
		assert.equal(slow.closedWith, 4413);
		assert.match(slow.sent.join(''), /fits$/);
		assert.match(writer.sent.join(''), /too much$/);
		writer.leave();
		service.close();
	});

	test('is stalled by nobody who does not read', async (t) => {
		const { url } = await openMaster(t, [echo({ limits: { backlogBytes: 256 * 1024 } })]);
		const [writer, reader, slow] = await Promise.all([1, 2, 3].map(() => RawSocket.open(t, `${url}${PATH}/room`)));
		assert.ok(writer && reader && slow);
		slow.socket.pause();
		const message = Buffer.alloc(64 * 1024, 'x');
		// What the system holds for a socket that is not read from may be 40 MB.
		let sent = 0;
		for (let wave = 0; wave < 48; wave++) {
			for (let n = 0; n < 16; n++) writer.send(message);
			sent += 16;
			await reader.heard.count(sent);
		}
		const closed = once(slow.socket, 'close');
		slow.socket.resume();
		await within(closed, 'the slow reader to be dropped');
		assert.ok(slow.heard.items.length < sent, 'it was dropped before the end');
		writer.send('still here');
		await reader.heard.find((each) => each === 'still here');
	});

	test('holds ten thousand namespaces, refuses one more, and forgets them all', () => {
		const service = echo();
		const sockets = Array.from({ length: 10_000 }, (_, n) => FakeSocket.at(service, `${PATH}/${n}`));
		assert.ok(sockets.every(({ closedWith }) => closedWith === undefined));
		assert.equal(FakeSocket.at(service, `${PATH}/more`).closedWith, 4429);
		assert.equal(FakeSocket.at(service, `${PATH}/77`).closedWith, undefined, 'a namespace that is there');
		for (const socket of sockets) socket.leave();
		assert.equal(FakeSocket.at(service, `${PATH}/more`).closedWith, undefined);
		service.close();
	});

	test('has options that it checks', () => {
		for (const history of [-1, 1.5, Number.NaN, '5' as unknown as number]) {
			assert.throws(() => echo({ history }), { code: 'bad-option' });
		}
	});
});

describe('a history of messages', () => {
	test('has the last ones, up to a number and a size', () => {
		const history = new EchoHistory(3, 1000);
		for (let n = 0; n < 100; n++) history.add(Buffer.from(String(n)), n % 2 === 0);
		assert.deepEqual(
			history.messages.map(({ data, binary }) => [data.toString(), binary]),
			[
				['97', false],
				['98', true],
				['99', false],
			],
		);
		history.add(Buffer.alloc(800), true);
		assert.equal(history.messages.length, 3);
		history.add(Buffer.alloc(200), true);
		assert.deepEqual(
			history.messages.map(({ data }) => data.length),
			[200],
		);
		history.add(Buffer.alloc(2000), true);
		assert.deepEqual(history.messages, []);
	});

	test('can be empty', () => {
		const history = new EchoHistory(0, 1000);
		history.add(Buffer.from('a'), false);
		assert.deepEqual(history.messages, []);
	});
});
