/** The npm package `scuttlebutt`, version 5, against the shared state service. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import Model from 'scuttlebutt/model.js';
import WebSocket, { createWebSocketStream } from 'ws';
import { sharedState } from '../../../src/index.js';
import { SharedState } from '../../../src/signal/node.js';
import { CuttingProxy } from '../../support/cutting-proxy.js';
import { openMaster } from '../../support/raw-socket.js';
import { next, within } from '../../support/wait.js';

/** Pipes a model through a WebSocket, as its users do; resolves when both sides have everything. */
async function join(t: TestContext, model: Model, url: string, text = false): Promise<WebSocket> {
	const socket = new WebSocket(url);
	t.after(() => socket.terminate());
	const line = createWebSocketStream(socket, text ? { encoding: 'utf8', decodeStrings: false } : {});
	const stream = model.createStream();
	line.on('error', () => {});
	const synced = once(stream, 'sync');
	stream.pipe(line).pipe(stream);
	await within(synced, 'the model to be in sync');
	return socket;
}

/** Resolves when a model has a value. */
async function has(model: Model, key: string, value: unknown): Promise<void> {
	while (JSON.stringify(model.get(key)) !== JSON.stringify(value)) {
		await within(once(model, 'update'), `"${key}" to be ${JSON.stringify(value)}`);
	}
}

async function roomFor(t: TestContext): Promise<{ url: string; port: number; room: string }> {
	const { url, port } = await openMaster(t, [sharedState()]);
	return { url, port, room: `${url}/enslavism/scuttlebutt/room` };
}

describe('models of the package scuttlebutt', () => {
	for (const [how, text] of [
		['bytes', false],
		['text', true],
	] as const) {
		test(`give and get everything, piped as ${how}`, async (t) => {
			const { room } = await roomFor(t);
			const [one, other] = [new Model(), new Model()];
			one.set('before', { a: [1, 'ü€😀'] });
			await join(t, one, room, text);
			await join(t, other, room, text);
			assert.deepEqual(other.toJSON(), { before: { a: [1, 'ü€😀'] } });
			one.set('from one', 1);
			await has(other, 'from one', 1);
			other.set('from the other', 2);
			await has(one, 'from the other', 2);
			other.set('before', 'overwritten');
			await has(one, 'before', 'overwritten');
			assert.deepEqual(one.toJSON(), other.toJSON());
		});
	}

	test('come to the same, however many they are and whatever they write', async (t) => {
		const { room } = await roomFor(t);
		const models = Array.from({ length: 5 }, () => new Model());
		await Promise.all(models.map((model) => join(t, model, room)));
		for (let n = 0; n < 40; n++) for (const [index, model] of models.entries()) model.set(`k${n % 7}`, `${index} ${n}`);
		for (const [index, model] of models.entries()) model.set(`end ${index}`, true);
		for (const model of models) for (const index of models.keys()) await has(model, `end ${index}`, true);
		for (const model of models) assert.deepEqual(model.toJSON(), models[0]?.toJSON());
		const late = new Model();
		await join(t, late, room);
		assert.deepEqual(late.toJSON(), models[0]?.toJSON());
	});

	test('find what was written by one that has gone', async (t) => {
		const { room } = await roomFor(t);
		const one = new Model();
		const socket = await join(t, one, room);
		one.set('k', 'left behind');
		const bystander = new Model();
		await join(t, bystander, room);
		await has(bystander, 'k', 'left behind');
		socket.close();
		await once(socket, 'close');
		const other = new Model();
		await join(t, other, room);
		assert.equal(other.get('k'), 'left behind');
	});

	test('bring what they wrote while their line was cut', async (t) => {
		const { room, port } = await roomFor(t);
		const proxy = await CuttingProxy.open(t, port);
		const [one, other] = [new Model(), new Model()];
		const socket = await join(t, one, room.replace(/ws:\/\/[^/]*/, proxy.url));
		await join(t, other, room);
		const closed = once(socket, 'close');
		proxy.cut();
		await closed;
		one.set('offline', 1);
		other.set('meanwhile', 2);
		await join(t, one, room.replace(/ws:\/\/[^/]*/, proxy.url));
		await has(other, 'offline', 1);
		await has(one, 'meanwhile', 2);
	});

	test('share a state with our own clients', async (t) => {
		const { room, url } = await roomFor(t);
		const model = new Model();
		await join(t, model, room);
		const state = new SharedState(url, 'room');
		t.after(() => state.close());
		await within(state.ready, 'the state');
		model.set('from the model', 1);
		while (state.get('from the model') === undefined) await next(state, 'change');
		state.set('from the state', { a: 2 });
		await has(model, 'from the state', { a: 2 });
		state.delete('from the model');
		await has(model, 'from the model', null);
		assert.deepEqual(model.toJSON(), { 'from the state': { a: 2 } });
		state.heartbeat('present', true);
		await has(model, 'present', true);
	});

	test('come to the same when two have written at the same time', async (t) => {
		const { room } = await roomFor(t);
		const models = [new Model('a'), new Model('b'), new Model('c')];
		const at = Date.now();
		// As in two processes: the package's own clock gives no time twice in one.
		for (const model of models.slice(0, 2)) {
			(model as unknown as { _update(update: unknown): void })._update([['k', `of ${model.id}`], at, model.id]);
		}
		const [, b, c] = models;
		for (const model of models.toReversed()) await join(t, model, room);
		for (const model of models) await has(model, 'k', 'of b');
		assert.deepEqual(b?.toJSON(), c?.toJSON());
	});
});
