import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ACK, DATA, data, FIN, frame, GO_AWAY, PING, Probe, RST, SYN, talk, WINDOW } from './support.js';

const KIB = 1024;
const WINDOW_BYTES = 256 * KIB;

describe('a yamux session', () => {
	it('opens a stream with the bytes that the specification asks for', () => {
		const client = new Probe();
		const stream = client.open();
		client.session.write(stream, Buffer.from('hi'));
		assert.equal(
			client.pull().toString('hex'),
			'00010001' + '00000001' + '00000000' + '00000000' + '00000001' + '00000002' + '6869',
		);
	});

	it('numbers its streams oddly as client and evenly as server', () => {
		const server = new Probe({ client: false });
		const client = new Probe();
		assert.deepEqual([client.open().id, client.open().id, server.open().id, server.open().id], [1, 3, 2, 4]);
	});

	it('acknowledges a stream that is taken, and delivers what came with it', () => {
		const server = new Probe({ client: false });
		server.receive(data(1, 'first', SYN), data(1, ' second'));
		assert.deepEqual(server.events, ['opened 1']);
		assert.equal(server.text(1), 'first second');
		assert.deepEqual(server.frames(), ['window ACK 1 0']);
	});

	it('tells when the other end has accepted', () => {
		const client = new Probe();
		client.open();
		client.receive(frame(WINDOW, ACK, 1, 0));
		assert.deepEqual(client.events, ['accepted 1']);
	});

	it('reads frames that are cut at any byte', () => {
		const bytes = Buffer.concat([
			frame(WINDOW, SYN, 1, 0),
			data(1, 'abc'),
			frame(PING, SYN, 0, 7),
			data(1, 'defgh', FIN),
			frame(WINDOW, SYN, 3, 0),
			data(3, 'x'),
		]);
		for (let cut = 0; cut <= bytes.length; cut++) {
			const server = new Probe({ client: false });
			server.receive(bytes.subarray(0, cut));
			server.receive(bytes.subarray(cut));
			assert.deepEqual([server.text(1), server.text(3)], ['abcdefgh', 'x'], `cut at ${cut}`);
			assert.deepEqual(server.events, ['opened 1', 'ended 1', 'opened 3']);
			assert.deepEqual(server.frames(), ['window ACK 1 0', 'ping ACK 0 7', 'window ACK 3 0']);
		}
	});

	it('ends one direction after what was written, and goes on in the other', () => {
		const [client, server] = [new Probe(), new Probe({ client: false })];
		const stream = client.open();
		client.session.write(stream, Buffer.from('question'));
		client.session.end(stream);
		client.session.write(stream, Buffer.from('too late'));
		talk(client, server);
		assert.equal(server.text(1), 'question');
		assert.deepEqual(server.events, ['opened 1', 'ended 1']);
		const theirs = server.opened[0];
		assert.ok(theirs);
		server.session.write(theirs, Buffer.from('answer'));
		server.session.end(theirs);
		talk(server, client);
		assert.equal(client.text(1), 'answer');
		assert.deepEqual(client.events, ['sent 1', 'accepted 1', 'ended 1']);
		assert.equal(client.session.streams.size + server.session.streams.size, 0);
	});

	it('says once that what was written has left, and not before the last of it', () => {
		const client = new Probe();
		const stream = client.open();
		client.session.write(stream, Buffer.alloc(100));
		const first = client.session.pull(64 * KIB);
		client.session.write(stream, Buffer.alloc(100));
		const second = client.session.pull(64 * KIB);
		assert.ok(first && second);
		client.session.sent(first);
		assert.deepEqual(client.events, []);
		client.session.sent(second);
		assert.deepEqual(client.events, ['sent 1']);
	});

	it('resets a stream, drops what waited, and gives the other end the reason', () => {
		const [client, server] = [new Probe(), new Probe({ client: false })];
		const stream = client.open();
		talk(client, server);
		client.session.write(stream, Buffer.from('never sent'));
		client.session.reset(stream, 'bad-meta');
		talk(client, server);
		assert.equal(server.text(1), '');
		assert.deepEqual(server.events, ['opened 1', 'broken 1 bad-meta']);
		assert.deepEqual(client.events, ['accepted 1', 'broken 1 bad-meta']);
	});

	it('ignores what was under way to a stream that it has reset', () => {
		const server = new Probe({ client: false });
		server.receive(data(1, 'a', SYN));
		const stream = server.opened[0];
		assert.ok(stream);
		server.session.reset(stream);
		server.frames();
		server.receive(data(1, 'b'), frame(WINDOW, 0, 1, 100), frame(WINDOW, FIN, 1, 0), data(3, 'c', SYN));
		assert.deepEqual(server.frames(), ['window ACK 3 0']);
		assert.equal(server.text(3), 'c');
	});

	it('measures the round trip with a ping', () => {
		const client = new Probe();
		client.session.ping(1000);
		client.session.ping(1001);
		assert.deepEqual(client.frames(), ['ping SYN 0 1']);
		client.now = 1042;
		client.receive(frame(PING, ACK, 0, 1));
		assert.deepEqual(client.events, ['ponged 42']);
		client.receive(frame(PING, ACK, 0, 1), frame(PING, ACK, 0, 99));
		assert.deepEqual(client.events, ['ponged 42']);
	});

	it('takes no more streams once it is leaving, and lets those that are open finish', () => {
		const [client, server] = [new Probe(), new Probe({ client: false })];
		const stream = client.open();
		talk(client, server);
		server.session.leave();
		const late = client.open();
		talk(server, client);
		assert.ok(late.closed);
		assert.deepEqual(client.events, ['accepted 1', 'leaving', 'broken 3 mux-closed']);
		assert.throws(() => client.open(), { code: 'mux-closed' });
		client.session.write(stream, Buffer.from('still here'));
		talk(client, server);
		assert.equal(server.text(1), 'still here');
	});

	it('refuses a stream that nobody takes', () => {
		const [client, server] = [new Probe(), new Probe({ client: false })];
		server.isTaking = false;
		client.open();
		talk(client, server);
		assert.deepEqual(client.events, ['broken 1 stream-refused']);
		assert.equal(server.session.streams.size, 0);
	});

	it('refuses the stream past the limit with a code, at both ends, and goes on', () => {
		const [client, server] = [new Probe({ maxStreams: 3 }), new Probe({ client: false, maxStreams: 2 })];
		const streams = [client.open(), client.open(), client.open()];
		assert.throws(() => client.open(), { code: 'limit-reached' });
		talk(client, server);
		assert.deepEqual(client.events, ['accepted 1', 'accepted 3', 'broken 5 limit-reached']);
		client.session.reset(streams[0] as (typeof streams)[0]);
		client.open();
		talk(client, server);
		assert.deepEqual(client.events.slice(3), ['broken 1 stream-reset', 'accepted 7']);
		server.open();
		server.open();
		assert.throws(() => server.open(), { code: 'limit-reached' });
	});

	it('has more than 256 streams alive, and ten thousand by default', () => {
		const [client, server] = [new Probe(), new Probe({ client: false })];
		for (let i = 0; i < 10_000; i++) client.open();
		assert.throws(() => client.open(), { code: 'limit-reached' });
		talk(client, server);
		assert.equal(server.session.streams.size, 10_000);
	});

	it('takes the largest number that there is', () => {
		const server = new Probe({ client: false });
		server.receive(frame(WINDOW, SYN, 0xffff_ffff, 0), data(0xffff_ffff, 'last'));
		assert.equal(server.text(0xffff_ffff), 'last');
	});
});

describe('the windows of a yamux session', () => {
	it('send no more than the other end has room for, and wait for its update', () => {
		const client = new Probe();
		const stream = client.open();
		client.session.write(stream, Buffer.alloc(WINDOW_BYTES + 10));
		client.pull();
		assert.equal(stream.queued, 10);
		assert.deepEqual(client.frames(), []);
		client.receive(frame(WINDOW, 0, 1, 4));
		assert.equal(client.pull().length, 12 + 4);
		client.receive(frame(WINDOW, 0, 1, 1000));
		assert.equal(client.pull().length, 12 + 6);
		assert.deepEqual(client.events, ['sent 1']);
	});

	it('give back what was used, half a window at a time', () => {
		const server = new Probe({ client: false });
		server.receive(frame(WINDOW, SYN, 1, 0), data(1, Buffer.alloc(WINDOW_BYTES / 2 - 1)));
		assert.deepEqual(server.frames(), ['window ACK 1 0']);
		server.receive(data(1, 'x'));
		// The first update also asks how far the other end is.
		assert.deepEqual(server.frames(), ['ping SYN 0 1', `window - 1 ${WINDOW_BYTES / 2}`]);
	});

	it('give nothing back for what nobody reads', () => {
		const [client, server] = [new Probe(), new Probe({ client: false })];
		server.isReading = false;
		const stream = client.open();
		client.session.write(stream, Buffer.alloc(4 * WINDOW_BYTES));
		talk(client, server);
		assert.equal(server.text(1).length, WINDOW_BYTES);
		assert.equal(stream.queued, 3 * WINDOW_BYTES);
	});

	it('grow while their reader is as fast as the path, up to a bound', () => {
		const [client, server] = [new Probe(), new Probe({ client: false, maxWindow: 1024 * KIB })];
		const stream = client.open();
		client.session.write(stream, Buffer.alloc(8 * 1024 * KIB));
		talk(client, server);
		assert.ok(server.session.rtt !== undefined);
		const theirs = server.opened[0];
		assert.ok(theirs);
		assert.equal(theirs.fullWindow, 1024 * KIB);
		assert.equal(server.text(1).length, 8 * 1024 * KIB);
	});

	it('stay as they are when their reader is slow', () => {
		const server = new Probe({ client: false });
		server.receive(frame(WINDOW, SYN, 1, 0));
		for (let i = 0; i < 20; i++) {
			server.now += 100;
			server.receive(data(1, Buffer.alloc(64 * KIB)), frame(PING, ACK, 0, i + 1));
		}
		assert.equal(server.opened[0]?.fullWindow, WINDOW_BYTES);
	});
});

describe('the turns of a yamux session', () => {
	it('give each stream one frame in its turn', () => {
		const client = new Probe({ frameBytes: 10 });
		const streams = [client.open(), client.open(), client.open()];
		client.pull();
		for (const stream of streams) client.session.write(stream, Buffer.alloc(25, `${stream.id}`));
		const order = client.frames().map((line) => line.split(' ')[2]);
		assert.deepEqual(order, ['1', '3', '5', '1', '3', '5', '1', '3', '5']);
	});

	it('let a short message pass a long one', () => {
		const client = new Probe({ frameBytes: 1000 });
		const [long, short] = [client.open(), client.open()];
		client.pull();
		client.session.write(long, Buffer.alloc(100_000));
		client.session.pull(2000);
		client.session.write(short, Buffer.from('me first'));
		assert.deepEqual(
			client
				.frames()
				.slice(0, 3)
				.map((line) => line.split(' ')[2]),
			['1', '3', '1'],
		);
	});

	it('gather small writes into one frame', () => {
		const client = new Probe();
		const stream = client.open();
		for (const text of ['a', 'b', 'c']) client.session.write(stream, Buffer.from(text));
		assert.deepEqual(client.frames(), ['window SYN 1 0', 'data - 1 abc']);
	});

	it('keep to the size that was asked for', () => {
		const client = new Probe({ frameBytes: 16 * KIB, packBytes: 16 * KIB });
		for (let i = 0; i < 100; i++) client.session.write(client.open(), Buffer.alloc(i * 50));
		for (let batch = client.session.pull(1000); batch !== undefined; batch = client.session.pull(1000)) {
			assert.ok(batch.bytes <= 1000);
		}
	});
});

describe('bad input to a yamux session', () => {
	const fatal: [string, Buffer][] = [
		['another version', Buffer.from('010000000000000100000000', 'hex')],
		['an unknown type', frame(4, 0, 1, 0)],
		['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
		['data of the session itself', frame(DATA, 0, 0, 0)],
		['a window of the session itself', frame(WINDOW, 0, 0, 10)],
		['a ping of a stream', frame(PING, SYN, 1, 0)],
		['a go-away of a stream', frame(GO_AWAY, 0, 1, 0)],
		['a frame larger than any window', frame(DATA, 0, 1, 0xffff_ffff)],
		["a new stream with this end's number", frame(WINDOW, SYN, 2, 0)],
	];
	for (const [what, bytes] of fatal) {
		it(`answers ${what} with a go-away, and says no more`, () => {
			const server = new Probe({ client: false });
			server.receive(frame(WINDOW, SYN, 1, 0), bytes, frame(WINDOW, SYN, 3, 0));
			assert.deepEqual(server.events, ['opened 1', 'broken 1 mux-protocol', 'stopped mux-protocol']);
			assert.deepEqual(server.frames(), ['go-away - 0 1']);
			assert.throws(() => server.open(), { code: 'mux-closed' });
		});
	}

	const resetting: [string, Buffer][] = [
		['unknown flags', frame(WINDOW, 0x10, 1, 0)],
		['a second opening', frame(WINDOW, SYN, 1, 0)],
		['more than the window holds', data(1, Buffer.alloc(WINDOW_BYTES + 1))],
		['a window beyond all bounds', frame(WINDOW, 0, 1, 0xffff_ffff)],
		['a second end', Buffer.concat([frame(WINDOW, FIN, 1, 0), frame(WINDOW, FIN, 1, 0)])],
		['data after the end', Buffer.concat([frame(WINDOW, FIN, 1, 0), data(1, 'more')])],
	];
	for (const [what, bytes] of resetting) {
		it(`answers ${what} with a reset of that stream alone`, () => {
			const server = new Probe({ client: false });
			server.receive(frame(WINDOW, SYN, 1, 0), frame(WINDOW, SYN, 3, 0));
			server.frames();
			server.receive(bytes, data(3, 'untouched'));
			assert.ok(server.events.includes('broken 1 mux-protocol'));
			assert.deepEqual(server.frames(), ['window RST 1 3']);
			assert.equal(server.text(3), 'untouched');
			assert.ok(!server.session.over);
		});
	}

	it('counts the window over many frames', () => {
		const server = new Probe({ client: false });
		server.isReading = false;
		server.receive(frame(WINDOW, SYN, 1, 0));
		for (let i = 0; i < 4; i++) server.receive(data(1, Buffer.alloc(WINDOW_BYTES / 4)));
		assert.deepEqual(server.frames(), ['window ACK 1 0']);
		server.receive(data(1, 'x'));
		assert.deepEqual(server.frames(), ['window RST 1 3']);
		assert.equal(server.text(1).length, WINDOW_BYTES);
	});

	it('resets a stream that was never opened, and ignores its reset', () => {
		const server = new Probe({ client: false });
		server.receive(data(7, 'x'), frame(WINDOW, 0, 8, 1), frame(WINDOW, RST, 9, 0));
		assert.deepEqual(server.frames(), ['window RST 7 3', 'window RST 8 3']);
		assert.deepEqual(server.events, []);
	});

	it('ends with the reason of the other end when that says go-away with an error', () => {
		const client = new Probe();
		client.open();
		client.receive(frame(GO_AWAY, 0, 0, 1), data(1, 'never'));
		assert.deepEqual(client.events, ['broken 1 mux-protocol', 'stopped mux-protocol']);
		assert.equal(client.text(1), '');
	});

	it('does not gather answers without bound for an end that never reads', () => {
		const server = new Probe({ client: false });
		const pings = Buffer.concat(Array.from({ length: 1000 }, (_, i) => frame(PING, SYN, 0, i)));
		for (let i = 0; i < 100 && !server.session.over; i++) server.receive(pings);
		assert.deepEqual(server.events, ['stopped limit-reached']);
		assert.deepEqual(server.frames(), ['go-away - 0 2']);
	});

	it('survives handlers that end streams and the session while it reads', () => {
		const server = new Probe({ client: false });
		server.receive(frame(WINDOW, SYN, 1, 0), frame(WINDOW, SYN, 3, 0));
		const [first, second] = server.opened;
		assert.ok(first?.handler && second?.handler);
		first.handler.data = () => server.session.reset(second);
		server.receive(data(1, 'x'), data(3, 'lost'), data(1, 'y'));
		assert.equal(server.text(3), '');
		first.handler.data = () => server.session.stop('mux-closed');
		server.receive(data(1, 'z'), data(1, 'never'));
		assert.ok(server.session.over);
	});
});
