import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Master, type SharedStateOptions, sharedState } from '../../src/index.js';
import { SharedState } from '../../src/signal/node.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { openMaster, RawSocket } from '../support/raw-socket.js';
import { next, PATIENCE, within } from '../support/wait.js';

/** The real clock: a test stops the one that the program sees. */
const { setTimeout: realTimeout } = globalThis;

function masterFor(t: TestContext, options?: SharedStateOptions): ReturnType<typeof openMaster> {
	return openMaster(t, [sharedState(options)]);
}

function stateAt(t: TestContext, url: string, options = {}): SharedState {
	const state = new SharedState(url, 'room', options);
	t.after(() => state.close());
	return state;
}

async function readyAt(t: TestContext, url: string): Promise<SharedState> {
	const state = stateAt(t, url);
	await within(state.ready, 'the state');
	return state;
}

/** Resolves when a key has a value. */
async function has(state: SharedState, key: string, value: unknown): Promise<void> {
	while (JSON.stringify(state.get(key)) !== JSON.stringify(value)) await next(state, 'change');
}

describe('SharedState', () => {
	test('is the same for everybody', async (t) => {
		const { url } = await masterFor(t);
		const [one, other] = [await readyAt(t, url), await readyAt(t, url)];
		one
			.set('a', { deep: [1, 'ü'] })
			.set('b', 2)
			.set('c', 3);
		await has(other, 'c', 3);
		other.delete('b').set('a', null);
		other.set('end', true);
		await has(one, 'end', true);
		for (const state of [one, other]) {
			assert.deepEqual(Object.fromEntries(state.entries()), { c: 3, end: true });
			assert.equal(state.get('a'), undefined);
			assert.equal(state.get('constructor'), undefined);
		}
	});

	test('tells of every change and who made it, and of nothing else', async (t) => {
		const { url } = await masterFor(t);
		const [one, other] = [await readyAt(t, url), await readyAt(t, url)];
		const changes: unknown[][] = [];
		one.on('change', (...change) => changes.push(change));
		one.set('a', 1);
		assert.deepEqual(changes, [['a', 1, one.id]], 'at once');
		one.set('a', 1);
		await has(other, 'a', 1);
		other.set('a', 2);
		other.set('a', 2);
		other.delete('a');
		other.set('end', 1);
		await has(one, 'end', 1);
		assert.deepEqual(changes, [
			['a', 1, one.id],
			['a', 2, other.id],
			['a', undefined, other.id],
			['end', 1, other.id],
		]);
	});

	test('outlives its writers, and takes what was written before it was connected', async (t) => {
		const { url } = await masterFor(t);
		const one = stateAt(t, url);
		one.set('early', 1);
		await within(one.ready, 'the state');
		one.set('last words', 2);
		one.close();
		assert.throws(() => one.set('late', 3), { code: 'link-closed' });
		await has(await readyAt(t, url), 'last words', 2);
		assert.deepEqual(Object.fromEntries((await readyAt(t, url)).entries()), { early: 1, 'last words': 2 });
	});

	test('brings together what was written while a line was cut', async (t) => {
		const { url, port } = await masterFor(t);
		const proxy = await CuttingProxy.open(t, port);
		const [one, other] = [await readyAt(t, proxy.url), await readyAt(t, url)];
		one.set('before', 1);
		await has(other, 'before', 1);
		proxy.cut();
		await next(one, 'lost');
		one.set('offline', 2).delete('before');
		other.set('meanwhile', 3);
		await next(one, 'sync');
		await has(other, 'offline', 2);
		await has(one, 'meanwhile', 3);
		for (const state of [one, other])
			assert.deepEqual(Object.fromEntries(state.entries()), { offline: 2, meanwhile: 3 });
	});

	test('comes back to a master that has forgotten everything, and brings it what it has', async (t) => {
		const { master, url, port } = await masterFor(t);
		const one = await readyAt(t, url);
		one.set('k', 1);
		await has(await readyAt(t, url), 'k', 1);
		await Promise.all([next(one, 'lost'), master.close()]);
		const again = new Master(port, { services: [sharedState()] });
		t.after(() => again.close());
		await next(one, 'sync');
		await has(await readyAt(t, url), 'k', 1);
	});

	test('lets a key live as long as its writer says, and no longer than the master does', async (t) => {
		const { url } = await masterFor(t, { expiry: 400 });
		const [one, other] = [await readyAt(t, url), await readyAt(t, url)];
		one.set('long', 1).set('short', 2, { expiry: 100 });
		await has(other, 'short', 2);
		const gone: string[] = [];
		other.on('change', (key, value) => value === undefined && gone.push(key));
		await has(other, 'short', undefined);
		assert.equal(other.get('long'), 1);
		await has(other, 'long', undefined);
		assert.deepEqual(gone, ['short', 'long']);
		// Each has a clock of its own.
		await has(one, 'long', undefined);
		assert.deepEqual([...one.entries()], []);
	});

	test('has keys with a heartbeat, which go with their writer', async (t) => {
		t.mock.timers.enable({ apis: ['setTimeout'] });
		const { url } = await masterFor(t);
		const raw = await RawSocket.open(t, `${url}/enslavism/scuttlebutt/room`);
		raw.send('{"id":"raw","clock":{}}\n');
		// From now on it hears each change once.
		await raw.heard.find((line) => line.includes('SYNC'));
		const one = stateAt(t, url);
		await one.ready;
		const beats = () => raw.heard.items.join('').match(/\[\["me",[^\]]*\]/g) ?? [];
		// The master may wait a moment before it passes on more: its clock goes on while somebody listens.
		const heard = async (count: number): Promise<void> => {
			for (const end = performance.now() + PATIENCE; beats().length < count && performance.now() < end; ) {
				await new Promise((resolve) => realTimeout(resolve, 5));
				t.mock.timers.tick(5);
			}
			assert.equal(beats().length, count);
		};
		const presence = one.heartbeat('me', 'here');
		const other = stateAt(t, url);
		await other.ready;
		await heard(1);
		assert.deepEqual(beats(), ['[["me","here",60000]'], 'it lives for a minute');
		t.mock.timers.tick(20_000);
		await heard(2);
		t.mock.timers.tick(20_000);
		await heard(3);
		presence.set('away');
		await heard(4);
		assert.equal(beats().at(-1), '[["me","away",60000]');
		presence.stop();
		await heard(5);
		assert.equal(beats().at(-1), '[["me",null]');
		t.mock.timers.tick(60_000);
		presence.set('again');
		assert.equal(one.get('me'), undefined, 'it has stopped');
		one.heartbeat('me', 'back');
		// Two changes of a key in one breath may be heard as one.
		await heard(6);
		one.close();
		await heard(7);
		assert.equal(beats().at(-1), '[["me",null]');
	});

	test('says why it could not be had', async (t) => {
		const { master, url } = await openMaster(t, [sharedState()]);
		master.on('clientauth', (_data, reject) => reject('members only'));
		const state = stateAt(t, url);
		await assert.rejects(state.ready, { code: 'refused', reason: 'members only' });
		assert.equal(state.closed, true);
	});
});
