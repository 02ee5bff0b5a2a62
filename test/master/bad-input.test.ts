import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { RawLink } from '../support/raw-link.js';
import { bystanderFor, clientFor, masterFor, seen } from '../support/stage.js';
import { frame, OPCODE, tcpFor, tcpLinkFor, upgradeRequest } from '../support/tcp.js';
import { next, turns, within } from '../support/wait.js';

/** A master with a well-behaved session, and no errors to report. */
async function stage(t: TestContext, options = {}) {
	const { master, url, port } = await masterFor(t, options);
	master.on('error', (error) => assert.fail(`reported: ${String(error)}`));
	return { master, url, port, bystander: await bystanderFor(t, url) };
}

const garbage: (string | Uint8Array)[] = [
	...['', ' ', 'hello', 'null', '1', '[]', '{}', '{', '"close"', '[{"t":"close"}]', '\u0000', '{"t":null}', '{"t":1}'],
	...['{"t":"__proto__"}', '{"t":"constructor"}', '{"t":"toString"}', '{"t":"hasOwnProperty"}', '{"t":"hello"}'],
	...[
		'{"__proto__":{"t":"close","session":"x","reason":""}}',
		'{"t":"close"}',
		'{"t":"close","session":1,"reason":""}',
	],
	...['{"t":"close","session":["x"],"reason":""}', `{"t":"close","session":"${'x'.repeat(65)}","reason":""}`],
	...['{"t":"candidate","session":"x"}', '{"t":"answer","session":"x"}', '{"t":"welcome","id":"x"}'],
	...[
		'{"t":"snapshot","seq":0,"slaves":[]}',
		'[['.repeat(5000),
		`{"t":"close","session":"x","reason":"${'x'.repeat(1025)}"}`,
	],
	...[new Uint8Array(12).fill(0xff), new TextEncoder().encode('{"t":"close","session":"x","reason":""}')],
];

for (const kind of ['client', 'slave'] as const) {
	describe(`what is not in the protocol, from a ${kind}`, () => {
		it('closes that link with 4400, and touches nobody else', async (t) => {
			const { master, url, bystander } = await stage(t);
			const before = master.counts;
			for (const text of garbage) {
				const link = await RawLink.open(t, url, kind);
				link.send(text);
				const { code, reason } = await link.closed;
				assert.equal(code, 4400, String(text).slice(0, 80));
				assert.ok(reason.length > 0 && Buffer.byteLength(reason) <= 123);
			}
			await turns();
			assert.deepEqual(master.counts, before);
			await bystander.check();
		});

		it('says what was wrong', async (t) => {
			const { url } = await masterFor(t);
			const problems: [frame: string | Uint8Array, problem: string][] = [
				['{', 'not JSON'],
				['{"t":"hello"}', 'unknown message'],
				['{"t":"close","session":"x"}', 'close: reason must be "reason"'],
				[new Uint8Array(12).fill(1), 'a binary frame cannot be read'],
			];
			for (const [bytes, problem] of problems) {
				const link = await RawLink.open(t, url, kind);
				link.send(bytes);
				assert.equal((await link.closed).reason, problem);
			}
		});

		it('is not read beyond the first bad message', async (t) => {
			const { master, url, bystander } = await stage(t);
			master.on('slaveadded', () => assert.fail('registered'));
			const link = await RawLink.open(t, url, kind);
			link.send('garbage');
			link.say({ t: 'register', data: '[1]' });
			link.say({ t: 'offer', session: 'x', slave: 'y', sdp: 'v=0' });
			assert.equal((await link.closed).code, 4400);
			await turns();
			assert.deepEqual(
				link.said.items.filter(({ t }) => !['welcome', 'snapshot'].includes(t)),
				[],
			);
			await bystander.check();
		});

		it('may be too large: that closes the link with 1009', async (t) => {
			const { url, bystander } = await stage(t);
			const most = kind === 'client' ? LIMITS.clientFrameBytes : LIMITS.slaveFrameBytes;
			for (const bytes of ['x'.repeat(most + 1), new Uint8Array(most + 1), new Uint8Array(10 * most)]) {
				const link = await RawLink.open(t, url, kind);
				link.send(bytes);
				assert.equal((await link.closed).code, 1009);
			}
			const link = await RawLink.open(t, url, kind);
			link.send('x'.repeat(most));
			assert.equal((await link.closed).code, 4400, 'just large enough to be read');
			await bystander.check();
		});

		it('may be no WebSocket at all', async (t) => {
			const { port, master, bystander } = await stage(t);
			const before = master.counts;
			const ends: Promise<void>[] = [];
			const bad: Buffer[] = [
				frame('{}', { masked: false }),
				frame('', { opcode: OPCODE.reserved }),
				frame('', { opcode: OPCODE.continuation }),
				frame('x', { opcode: OPCODE.ping, final: false }),
				frame('x', { claim: 2n ** 63n }),
				frame('x', { claim: 2n ** 62n }),
				frame('x', { claim: 2n ** 40n }),
				frame(new Uint8Array([0xff, 0xfe])),
				frame(new Uint8Array([1]), { opcode: OPCODE.close }),
				frame(new Uint8Array([0, 0]), { opcode: OPCODE.close }),
				Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
				Buffer.alloc(5000, 0xff),
			];
			for (const bytes of bad) {
				const { socket, over } = await tcpLinkFor(t, port, kind);
				socket.write(bytes);
				ends.push(within(over, `the end after ${bytes.subarray(0, 8).toString('hex')}`));
			}
			await bystander.check();
			await Promise.all(ends);
			await turns();
			assert.deepEqual(master.counts, before);
		});

		it('may be a message in parts without end: that closes the link', async (t) => {
			const { port, bystander } = await stage(t);
			const { socket, over } = await tcpLinkFor(t, port, kind);
			socket.write(frame('x'.repeat(60_000), { final: false }));
			const part = frame('x'.repeat(60_000), { opcode: OPCODE.continuation, final: false });
			const flood = setInterval(() => socket.write(part), 1);
			t.after(() => clearInterval(flood));
			await within(over, 'the end');
			await bystander.check();
		});
	});

	describe(`half a frame, from a ${kind}`, { concurrency: true }, () => {
		const text = frame(JSON.stringify({ t: 'close', session: 'x', reason: 'y'.repeat(200) }));

		it('that comes to a stop holds up nobody', async (t) => {
			const { port, master, bystander } = await stage(t);
			for (const length of [1, 2, 5, 9, 100, text.length - 1]) {
				const { socket } = await tcpLinkFor(t, port, kind);
				socket.write(text.subarray(0, length));
			}
			await turns(10);
			await bystander.check();
			assert.equal(master.counts[`${kind}s`], 7);
		});

		it('that dies is forgotten', async (t) => {
			const { port, master, bystander } = await stage(t);
			const before = master.counts;
			for (const length of [1, 2, 9, text.length - 1]) {
				for (const die of ['end', 'destroy', 'resetAndDestroy'] as const) {
					const { socket, over } = await tcpLinkFor(t, port, kind);
					socket.write(text.subarray(0, length), () => socket[die]());
					await within(over, `the end by ${die}`);
				}
			}
			while (master.counts[`${kind}s`] > before[`${kind}s`]) await turns();
			await bystander.check();
		});

		it('and its rest, byte by byte, is a message', async (t) => {
			const { port, master, bystander } = await stage(t);
			const { socket } = await tcpLinkFor(t, port, kind);
			const bytes = frame(
				kind === 'slave' ? '{"t":"register","data":"[5]"}' : '{"t":"close","session":"x","reason":""}',
			);
			socket.setNoDelay(true);
			for (const byte of bytes) {
				socket.write(Buffer.from([byte]));
				await turns(1);
			}
			await bystander.check();
			assert.equal(master.counts[`${kind}s`], 2);
			if (kind === 'slave')
				assert.deepEqual(
					master.slaves.map(({ userData }) => userData),
					[1, 5],
				);
		});

		it('of the upgrade request holds up nobody', async (t) => {
			const { port, bystander } = await stage(t);
			const request = upgradeRequest(kind);
			for (const length of [1, 20, request.length - 2]) {
				const { socket } = tcpFor(t, port);
				socket.write(request.slice(0, length));
			}
			for (const text of [
				'\r\n\r\n',
				'garbage\r\n\r\n',
				request.replace('Sec-WebSocket-Key', 'X'),
				request.replace(': 13', ': 7'),
			]) {
				const { socket, over } = tcpFor(t, port);
				socket.write(text);
				if (text !== '\r\n\r\n') await within(over, JSON.stringify(text.slice(0, 20)));
			}
			await bystander.check();
		});
	});
}

describe('a slave', () => {
	it('that leaves before it registers was never there', async (t) => {
		const { master, url, bystander } = await stage(t);
		const told: string[] = [];
		for (const event of ['slaveadded', 'slaveremoved'] as const) master.on(event, () => told.push(event));
		for (const leave of ['close', 'terminate'] as const) {
			const link = await RawLink.open(t, url, 'slave');
			link.socket[leave]();
			await link.closed;
		}
		while (master.counts.slaves > 1) await turns();
		assert.deepEqual(told, []);
		await bystander.check();
	});

	it('that does not register in time is closed with 4408', async (t) => {
		const { master, url, bystander } = await stage(t);
		const connected = new Promise<void>((resolve) => master.once('slaveconnection', () => resolve()));
		const link = new RawLink(t, url, 'slave');
		t.mock.timers.enable({ apis: ['setTimeout'] });
		await connected;
		t.mock.timers.tick(WAITS.register);
		t.mock.timers.reset();
		assert.deepEqual(await within(link.closed, 'the close'), {
			code: 4408,
			reason: 'the slave did not register in time',
		});
		await bystander.check();
	});

	it('that registers twice is closed with 4400, and leaves the list', async (t) => {
		const { master, url, bystander } = await stage(t);
		const { link } = await RawLink.slave(t, url);
		link.say({ t: 'register', data: '[2]' });
		assert.deepEqual(await link.closed, { code: 4400, reason: 'register twice' });
		assert.equal(master.slaves.length, 1);
		await bystander.check();
	});

	it('that says anything else before it registers is closed with 4400', async (t) => {
		const { master, url, bystander } = await stage(t);
		const early = [
			{ t: 'update', data: '[1]' },
			{ t: 'answer', session: 'x', sdp: 'v=0' },
			{ t: 'reject', session: 'x', reason: '' },
			{ t: 'candidate', session: 'x', candidate: '', mid: '' },
			{ t: 'close', session: 'x', reason: '' },
		];
		for (const message of early) {
			const link = await RawLink.open(t, url, 'slave');
			link.say(message);
			assert.deepEqual(await link.closed, { code: 4400, reason: `${message.t} before register` });
		}
		assert.equal(master.slaves.length, 1);
		await bystander.check();
	});

	it('is seen by a client that came before it registered only afterwards, and reached then', async (t) => {
		const { url } = await masterFor(t);
		const link = await RawLink.open(t, url, 'slave');
		const client = clientFor(t, url);
		await client.ready;
		assert.deepEqual(client.slaves, []);
		link.say({ t: 'register', data: '["late"]' });
		const slaveCo = await seen(client, String((await link.hear('registered')).id));
		assert.equal(slaveCo.userData, 'late');
		slaveCo.connect().catch(() => {});
		await link.hear('offer');
	});

	it('may say things of sessions that are not there', async (t) => {
		const { url, bystander } = await stage(t);
		const { link } = await RawLink.slave(t, url);
		for (const session of ['x', '', '__proto__', 'constructor']) {
			link.say({ t: 'answer', session, sdp: 'v=0' });
			link.say({ t: 'candidate', session, candidate: 'x', mid: '0' });
			link.say({ t: 'reject', session, reason: 'x' });
			link.say({ t: 'close', session, reason: 'x' });
		}
		link.say({ t: 'update', data: '["still here"]' });
		const client = clientFor(t, url);
		await client.ready;
		while (!client.slaves.some(({ userData }) => userData === 'still here')) await next(client, 'slaveupdated');
		await bystander.check();
	});
});

describe('a client', () => {
	it('that offers to a slave which is not there is told so', async (t) => {
		const { url, bystander } = await stage(t);
		const { link, id } = await RawLink.client(t, url);
		const unregistered = await RawLink.open(t, url, 'slave');
		for (const slave of ['x', '', '__proto__', 'constructor', id]) {
			link.say({ t: 'offer', session: `to ${slave}`, slave, sdp: 'v=0' });
			const { code, reason } = await link.hear('rejected', ({ session }) => session === `to ${slave}`);
			assert.deepEqual([code, reason], ['slave-gone', 'the slave is not in the directory']);
		}
		assert.deepEqual(unregistered.said.items, []);
		await bystander.check();
	});

	it('may say things of sessions that are not there', async (t) => {
		const { url, bystander } = await stage(t);
		const { link } = await RawLink.client(t, url);
		for (const session of ['x', '', '__proto__', 'constructor']) {
			link.say({ t: 'candidate', session, candidate: 'x', mid: '0' });
			link.say({ t: 'close', session, reason: 'x' });
		}
		link.say({ t: 'offer', session: 'ask', slave: 'x', sdp: '' });
		await link.hear('rejected');
		await bystander.check();
	});

	it('that does not read is cut off, and the others go on; when it reads again it hears why, and may come back', async (t) => {
		const { master, url, bystander } = await stage(t, { limits: { backlogBytes: 200_000 } });
		const { link, id } = await RawLink.client(t, url);
		const { resume } = await link.hear('welcome');
		link.socket.pause();
		const { link: slave } = await RawLink.slave(t, url);
		const clients = master.counts.clients;
		for (let count = 0; master.counts.clients === clients; count++) {
			slave.say({ t: 'update', data: JSON.stringify([`${count} ${'x'.repeat(60_000)}`]) });
			await new Promise((resolve) => setTimeout(resolve, 2));
			assert.ok(count < 1000, 'it is cut off some day');
		}
		link.socket.resume();
		assert.equal((await link.closed).code, 4413);
		const again = await RawLink.open(t, url, 'client', { protocols: ['enslavism.1', `resume.${resume}`] });
		assert.equal((await again.hear('welcome')).id, id);
		await again.hear('snapshot');
		await bystander.check();
	});
});
