import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Backoff, type LastingSocketOptions, openLastingSocket, type SocketHandlers } from '../../src/link/index.js';
import { FINAL } from '../../src/wire/close-codes.js';
import { restartReason } from '../../src/wire/index.js';
import * as WAITS from '../../src/wire/waits.js';

describe('a backoff', () => {
	it('waits anywhere between nothing and a bound that doubles up to its cap', (t) => {
		for (const share of [0, 0.5, 1]) {
			t.mock.method(Math, 'random', () => share);
			const backoff = new Backoff();
			const waits = Array.from({ length: 8 }, () => backoff.next());
			assert.deepEqual(
				waits,
				[500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000].map((bound) => bound * share),
			);
			backoff.reset();
			assert.equal(backoff.next(), 500 * share);
		}
	});

	it('has a cap of its own where it is told one', (t) => {
		t.mock.method(Math, 'random', () => 1);
		const backoff = new Backoff();
		assert.deepEqual([backoff.next(900), backoff.next(900), backoff.next(900)], [500, 900, 900]);
	});
});

/** A socket on a clock that stands until the test moves it; `Math.random` gives a half. */
function stage(t: TestContext, options: Partial<LastingSocketOptions> = {}) {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	const clock = { now: 0 };
	t.mock.method(performance, 'now', () => clock.now);
	t.mock.method(Math, 'random', () => 0.5);
	const opened: { handlers: SocketHandlers; protocols: string[]; closed: number[] }[] = [];
	let wake: () => void = () => {};
	let awake = true;
	const told: string[] = [];
	const defaults: LastingSocketOptions = {
		url: 'ws://x',
		protocols: [],
		openSocket: (_url, protocols, handlers) => {
			const closed: number[] = [];
			opened.push({ handlers, protocols, closed });
			return { bufferedAmount: 0, send: () => {}, close: (code) => closed.push(code) };
		},
		onWake: (call) => {
			wake = call;
			return () => {
				awake = false;
			};
		},
	};
	const socket = openLastingSocket(
		// Some of them are asked each time.
		Object.defineProperties(defaults, Object.getOwnPropertyDescriptors(options)),
		{
			opened: () => told.push('open'),
			message: (data) => told.push(`message ${data}`),
			lost: (_error, delay, _attempt, code) => told.push(`lost ${code} ${delay}`),
			closed: (error, code) => told.push(`close ${code} ${error.code}`),
		},
	);
	return {
		socket,
		told,
		opened,
		last: () => opened.at(-1) as (typeof opened)[number],
		wake: () => wake(),
		listens: () => awake,
		pass: (ms: number) => {
			clock.now += ms;
			t.mock.timers.tick(ms);
		},
	};
}

describe('a lasting socket', () => {
	it('comes back after a wait, and waits longer each time until it has lasted', (t) => {
		const { told, last, pass, opened } = stage(t);
		for (const delay of [250, 500, 1000]) {
			last().handlers.closed(1006, '');
			assert.equal(told.at(-1), `lost 1006 ${delay}`);
			pass(delay - 1);
			const before = opened.length;
			pass(1);
			assert.equal(opened.length, before + 1);
		}
		last().handlers.opened();
		pass(WAITS.backoffReset - 1);
		last().handlers.closed(1006, '');
		assert.equal(told.at(-1), 'lost 1006 2000');
		pass(2000);
		last().handlers.opened();
		pass(WAITS.backoffReset);
		last().handlers.closed(1006, '');
		assert.equal(told.at(-1), 'lost 1006 250');
	});

	it('comes back when the other end says so', (t) => {
		const { told, last, pass, opened } = stage(t);
		last().handlers.opened();
		last().handlers.closed(1012, restartReason(7000));
		assert.equal(told.at(-1), 'lost 1012 7000');
		pass(6999);
		assert.equal(opened.length, 1);
		pass(1);
		assert.equal(opened.length, 2);
		last().handlers.closed(1012, restartReason(1e9 - 1));
		assert.equal(told.at(-1), `lost 1012 ${WAITS.restart}`, 'within a bound');
		pass(WAITS.restart);
		last().handlers.closed(1012, 'whenever');
		assert.match(told.at(-1) ?? '', /^lost 1012 \d{3,4}$/, 'that is no delay');
	});

	it('comes back at once when the host wakes, but not twice', (t) => {
		const { last, wake, opened } = stage(t);
		wake();
		assert.equal(opened.length, 1);
		last().handlers.closed(1006, '');
		wake();
		wake();
		assert.equal(opened.length, 2);
	});

	it('stays away where it would only be refused again', (t) => {
		for (const code of FINAL) {
			const { told, last, listens } = stage(t);
			last().handlers.opened();
			last().handlers.closed(code, 'no');
			assert.ok(told.at(-1)?.startsWith(`close ${code} `));
			assert.equal(told.length, 2);
			assert.equal(listens(), false);
			t.mock.restoreAll();
			t.mock.timers.reset();
		}
	});

	it('gives up on a socket that is no use, and hears no more of it', (t) => {
		const { socket, told, last, opened, pass } = stage(t);
		last().handlers.opened();
		const old = last();
		socket.drop(4408, 'nothing heard');
		assert.deepEqual(old.closed, [4408]);
		assert.equal(told.at(-1), 'lost 4408 250');
		old.handlers.closed(1000, '');
		old.handlers.message('late');
		socket.drop(4408, 'again');
		assert.equal(told.length, 2);
		pass(250);
		assert.equal(opened.length, 2);
	});

	it('gives up on a socket that does not open in time', (t) => {
		const { told, last, pass } = stage(t);
		pass(WAITS.linkOpen);
		assert.deepEqual(last().closed, [4408]);
		assert.equal(told.at(-1), 'lost 4408 250');
	});

	it('gives up when it was told to, unless it is told again', (t) => {
		const { socket, told, last, pass } = stage(t);
		last().handlers.opened();
		socket.dropIn(100);
		pass(99);
		socket.dropIn(100);
		pass(99);
		assert.deepEqual(told, ['open']);
		pass(1);
		assert.deepEqual([told.at(-1), last().closed], ['lost 4408 250', [4408]]);
	});

	it('that has to be let in comes back only once it has been', (t) => {
		let admitted = false;
		const options = {
			get admitted() {
				return admitted;
			},
		};
		const one = stage(t, options);
		one.last().handlers.opened();
		one.last().handlers.closed(1006, '');
		assert.deepEqual(one.told, ['open', 'close 1006 unreachable']);
		t.mock.restoreAll();
		t.mock.timers.reset();
		const { told, last, pass } = stage(t, options);
		last().handlers.opened();
		admitted = true;
		last().handlers.closed(1006, '');
		pass(250);
		last().handlers.closed(1000, '');
		assert.deepEqual(told, ['open', 'lost 1006 250', 'close 1000 link-closed']);
	});

	it('is closed for good, while it waits as well', (t) => {
		const { socket, told, last, pass, opened, listens } = stage(t);
		last().handlers.closed(1006, '');
		socket.close();
		pass(60_000);
		assert.deepEqual(
			[told.at(-1), opened.length, listens(), socket.state],
			['close 1000 link-closed', 1, false, 'closed'],
		);
	});
});
