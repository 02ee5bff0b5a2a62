import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NO_HANDLER } from '../../src/mux/host/link-mux.js';
import * as LIMITS from '../../src/wire/limits.js';
import { randomOf } from '../support/random.js';
import { RawLink } from '../support/raw-link.js';
import { clientOf, session, settled, slaveOf, stage, wayFor } from '../support/relay-stage.js';
import { turns } from '../support/wait.js';

const SYN = 1;
const ACK = 2;
const FIN = 4;
const RST = 8;
const [DATA, WINDOW, PING, GO_AWAY] = [0, 1, 2, 3];

/** A frame of yamux, whatever it says. */
function frame(type: number, flags: number, id: number, length: number, data: Uint8Array | string = ''): Buffer {
	const header = Buffer.alloc(12);
	header[1] = type;
	header.writeUInt16BE(flags, 2);
	header.writeUInt32BE(id, 4);
	header.writeUInt32BE(length, 8);
	return Buffer.concat([header, typeof data === 'string' ? Buffer.from(data) : data]);
}

const data = (id: number, text: Uint8Array | string, flags = 0): Buffer => frame(DATA, flags, id, text.length, text);

/** Sends PINGs in order to know that all before has been read; tells whether the link lives. */
async function alive(link: RawLink, number: number): Promise<boolean> {
	link.send(frame(PING, SYN, 0, number));
	const answered = link.bytes.find(
		(bytes) => bytes.includes(frame(PING, ACK, 0, number)),
		'the answer to a ping of yamux',
	);
	return Promise.race([answered.then(() => true), link.closed.then(() => false)]);
}

const MOST = 0xffff_ffff;

describe('a link that says what it should not', () => {
	const fatal: [name: string, ...frames: Buffer[]][] = [
		['a type that there is none of', frame(4, 0, 1, 0)],
		['a ping of a stream', frame(PING, SYN, 1, 0)],
		['data of no stream', data(0, 'x')],
		['a stream with a number of the other end', frame(WINDOW, SYN, 2, 0)],
		['data longer than any window', frame(DATA, SYN, 1, MOST)],
		['that it goes away because of us', frame(GO_AWAY, 0, 0, 1)],
		['that it goes away for a reason that there is none of', frame(GO_AWAY, 0, 0, 77)],
	];
	for (const [name, ...frames] of fatal) {
		it(`is closed, and no other: ${name}`, async (t) => {
			const { master, url, bystander } = await stage(t);
			const before = master.counts;
			for (const kind of ['client', 'slave'] as const) {
				const { link } = await (kind === 'client' ? RawLink.client(t, url) : RawLink.slave(t, url));
				for (const each of frames) link.send(each);
				assert.equal((await link.closed).code, 4400);
			}
			await turns();
			assert.deepEqual(master.counts, before);
			await bystander.check();
		});
	}

	const harmless: [name: string, ...frames: Buffer[]][] = [
		['data before the stream is opened', data(1, 'early')],
		['a window of no stream', frame(WINDOW, 0, 1, 100)],
		['the end of no stream', frame(WINDOW, FIN, 1, 0), frame(DATA, RST, 3, 0)],
		['a window without end', frame(WINDOW, SYN, 1, MOST), frame(WINDOW, 0, 1, MOST), frame(WINDOW, 0, 1, MOST)],
		[
			'more than its window',
			frame(WINDOW, SYN, 1, 0),
			...Array.from({ length: 9 }, () => data(1, Buffer.alloc(30_000))),
		],
		[
			'data cut into many pieces',
			frame(WINDOW, SYN, 1, 0),
			...[...data(1, '\u0004mine')].map((byte) => Buffer.of(byte)),
		],
		['a stream twice', frame(WINDOW, SYN, 1, 0), frame(WINDOW, SYN, 1, 0)],
		['a stream again after its end', frame(WINDOW, SYN | RST, 1, 0), frame(WINDOW, SYN, 1, 0), data(1, 'x', FIN)],
		['all flags at once', frame(WINDOW, SYN | ACK | FIN | RST, 1, 0), frame(WINDOW, 0xffff, 3, 0)],
		['data behind the end', frame(WINDOW, SYN, 1, 0), data(1, '', FIN), data(1, 'more', FIN)],
		['an answer to no ping', frame(PING, ACK, 0, 99), frame(PING, 0, 0, 1), frame(PING, 0xffff, 0, 1)],
		['an id that is all there may be', frame(WINDOW, SYN, 1, 0), data(1, Buffer.alloc(256, 255))],
		['an id of no characters', frame(WINDOW, SYN, 1, 0), data(1, Buffer.from([3, 0xff, 0xfe, 0xfd]))],
		['an empty id', frame(WINDOW, SYN, 1, 0), data(1, Buffer.from([0]))],
		['half an id, and then nothing', frame(WINDOW, SYN, 1, 0), data(1, Buffer.from([40, 65])), data(1, '', FIN)],
		['that it goes away', frame(GO_AWAY, 0, 0, 0), frame(GO_AWAY, 0, 0, 0), frame(WINDOW, SYN, 1, 0)],
		['empty frames', Buffer.alloc(0), frame(DATA, SYN, 1, 0), data(1, ''), data(1, '')],
	];
	for (const [name, ...frames] of harmless) {
		it(`lives on, and so do the others: ${name}`, async (t) => {
			const { master, url, bystander } = await stage(t);
			for (const kind of ['client', 'slave'] as const) {
				const { link } = await (kind === 'client' ? RawLink.client(t, url) : RawLink.slave(t, url));
				const before = master.counts;
				for (const each of frames) link.send(each);
				assert.ok(await alive(link, 7), kind);
				assert.deepEqual(master.counts, before);
			}
			await bystander.check();
		});
	}

	it('gets answers to pings only while it reads them', async (t) => {
		const { url, bystander } = await stage(t);
		const { link } = await RawLink.client(t, url);
		const pings = Buffer.concat(Array.from({ length: 2000 }, (_, number) => frame(PING, SYN, 0, number)));
		link.socket.pause();
		let isClosed = false;
		link.socket.once('close', () => {
			isClosed = true;
		});
		// Until all that two sockets hold of answers is full, and 65 536 more wait.
		for (let round = 0; round < 5000 && !isClosed; round++) {
			link.send(pings);
			if (round % 50 === 49) await bystander.check();
			if (round % 1000 === 999) link.socket.resume();
		}
		link.socket.resume();
		assert.equal((await link.closed).code, 4400);
		await bystander.check();
	});

	it('disturbs nobody with frames by chance, a hundred times', async (t) => {
		const seed = Math.floor(Math.random() * 2 ** 31);
		t.diagnostic(`seed ${seed}`);
		const random = randomOf(seed);
		const up = (most: number): number => Math.floor(random() * most);
		const { master, url, bystander } = await stage(t);
		const slave = await slaveOf(t, url);
		const before = master.counts;
		for (let round = 0; round < 100; round++) {
			const { link } = await RawLink.client(t, url);
			link.say({ t: 'offer', session: `s${round}`, slave: slave.id });
			if (up(2) === 0) link.send(Buffer.concat([frame(WINDOW, SYN, 1, 0), data(1, `\u0003s${round}`.slice(0, 4))]));
			for (let count = up(60); count > 0 && link.socket.readyState === 1; count--) {
				const length = up(5) === 0 ? up(2 ** 32) : up(300);
				const sent = up(3) === 0 ? Buffer.alloc(up(400), up(256)) : Buffer.alloc(Math.min(length, 400), up(256));
				link.send(frame(up(20) === 0 ? up(256) : up(3), up(2) === 0 ? up(16) : SYN, up(8), length, sent));
			}
			if (round % 20 === 0) await bystander.check();
			link.socket.terminate();
		}
		await settled(slave);
		await bystander.check();
		for (let wait = 0; wait < 100 && master.counts.clients > before.clients; wait++) await turns();
		assert.deepEqual(master.counts, before);
	});
});

describe('what the relay keeps of a session', () => {
	it('is nothing once a stream is refused, however many there were', async (t) => {
		const { url, bystander } = await stage(t);
		const client = await clientOf(t, url);
		for (let round = 0; round < 3; round++) {
			const overs: Promise<string>[] = [];
			for (let count = 0; count < LIMITS.muxStreams / 2; count++) overs.push(client.ways.open('nobody').over);
			assert.deepEqual(new Set(await Promise.all(overs)), new Set(['stream-reset']));
		}
		await bystander.check();
	});

	it('is no half of a way whose other end never says that it ends', async (t) => {
		const { url } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		const { near, far } = await wayFor(client, slave);
		slave.link.say({ t: 'close', session: 'mine', reason: '' });
		await Promise.all([near.over, far.over]);
		await Promise.all([settled(client), settled(slave)]);
		assert.ok(near.stream.closed && far.stream.closed);
	});

	it('is about as much as waits, also where it came byte by byte', async (t) => {
		setFlagsFromString('--expose-gc');
		const collect = runInNewContext('gc') as () => void;
		const { url, bystander } = await stage(t, { relay: { perSession: 1e9, perLink: 1e9, total: 1e9 } });
		const [client, slave] = [await RawLink.client(t, url), await slaveOf(t, url)];
		client.link.say({ t: 'offer', session: 'mine', slave: slave.id });
		await slave.link.hear('offer');
		slave.link.say({ t: 'answer', session: 'mine' });
		await client.link.hear('answer');
		client.link.send(Buffer.concat([frame(WINDOW, SYN, 1, 0), data(1, '\u0004mine')]));
		const far = await slave.ways.wayOf('mine');
		far.reads = false;
		for (let count = 0; count < 16; count++) client.link.send(data(1, Buffer.alloc(16 * 1024)));
		await alive(client.link, 1);
		collect();
		const before = process.memoryUsage();
		for (let count = 0; count < 150; count++) {
			client.link.send(Buffer.concat(Array.from({ length: 1000 }, () => data(1, 'x'))));
		}
		assert.ok(await alive(client.link, 2), 'it is within its window');
		await bystander.check();
		collect();
		const after = process.memoryUsage();
		const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
		assert.ok(grown < 4 * 1024 * 1024, `${grown} bytes for 150 000`);
		far.readOn();
		await far.arrived(16 * 16 * 1024 + 150_000);
	});
});

describe('the allowance of a session', () => {
	it('is not had again with another way', async (t) => {
		const perSession = 100_000;
		const { url, bystander } = await stage(t, { relay: { perSession } });
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		await session(client, slave, 'mine');
		const begun = performance.now();
		let passed = 0;
		slave.link.socket.on('message', (bytes: Buffer, isBinary) => {
			if (isBinary) passed += bytes.length;
		});
		while (performance.now() - begun < 2000) {
			const way = client.ways.open('mine');
			way.write(new Uint8Array(200_000));
			await settled(client);
			way.end();
			await settled(client);
		}
		const most = perSession * (1 + (performance.now() - begun) / 1000) + 2 * LIMITS.muxWindowBytes;
		assert.ok(passed <= most, `${passed} bytes have passed, ${most} may`);
		await bystander.check();
	});

	it('of all is shared by links alike', async (t) => {
		const total = 400_000;
		const { url } = await stage(t, { relay: { total } });
		const pairs = await Promise.all(
			[0, 1].map(async () => ({ client: await clientOf(t, url), slave: await slaveOf(t, url) })),
		);
		const [greedy, other] = await Promise.all(
			pairs.map(({ client, slave }, index) => wayFor(client, slave, `s${index}`)),
		);
		const bytes = 4 * total;
		greedy?.near.write(new Uint8Array(bytes));
		other?.near.write(new Uint8Array(bytes));
		await other?.far.arrived(2.5 * total);
		const [first = 0, second = 0] = [greedy?.far.bytes, other?.far.bytes];
		assert.ok(first / second > 0.6 && first / second < 1.6, `${first} and ${second} bytes`);
	});
});

it('streams that nobody uses do not keep the others from being opened', async (t) => {
	const { url } = await stage(t);
	const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
	for (let count = 0; count < 1000; count++) client.ways.mux.session.open().handler = NO_HANDLER;
	const { near, far } = await wayFor(client, slave);
	far.write('here');
	await near.arrived(4);
});
