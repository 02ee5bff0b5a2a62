import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { type SharedStateOptions, sharedState } from '../../../src/index.js';
import { type Digest, readLine } from '../../../src/wire/index.js';
import { openMaster, RawSocket } from '../../support/raw-socket.js';
import { within } from '../../support/wait.js';

const PATH = '/enslavism/scuttlebutt';

async function stateFor(t: Parameters<typeof openMaster>[0], options?: SharedStateOptions): Promise<string> {
	const { url } = await openMaster(t, [sharedState(options)]);
	return `${url}${PATH}`;
}

const heardLines = new WeakMap<RawSocket, string[]>();

/** The lines that a socket has heard. */
function linesOf(socket: RawSocket): string[] {
	return heardLines.get(socket) ?? [];
}

async function open(t: Parameters<typeof openMaster>[0], url: string): Promise<RawSocket> {
	const socket = new RawSocket(t, url);
	const lines: string[] = [];
	heardLines.set(socket, lines);
	// Every frame of the service has whole lines.
	socket.socket.on('message', (data) => lines.push(...String(data).trim().split('\n')));
	await socket.opened;
	return socket;
}

/** Resolves with the lines heard so far when one of them is as it should be. */
async function hearLine(socket: RawSocket, is: (line: string) => boolean): Promise<string[]> {
	const lines = linesOf(socket);
	let checked = 0;
	while (!lines.slice(checked).some(is)) {
		checked = lines.length;
		await within(once(socket.socket, 'message'), 'a line');
	}
	return lines;
}

const isSync = (line: string): boolean => line === '"SYNC"';

/** Opens a socket that has been sent everything. */
async function replicaOf(t: Parameters<typeof openMaster>[0], url: string): Promise<RawSocket> {
	const socket = await open(t, url);
	socket.send('{"id":"raw","clock":{}}\n"SYNC"\n');
	await hearLine(socket, isSync);
	return socket;
}

function writeLine(key: string, value: unknown, source = 'raw', at = Date.now()): string {
	return `${JSON.stringify([[key, value], at, source])}\n`;
}

describe('the shared state service', () => {
	test('says its digest, then the history, then SYNC, then every write', async (t) => {
		const url = await stateFor(t, { expiry: 5000 });
		const first = await replicaOf(t, `${url}/room`);
		const [line] = linesOf(first);
		const digest = readLine(line ?? '');
		assert.ok(digest.ok && digest.message.t === 'digest');
		assert.ok(Math.abs((digest.message.now ?? 0) - Date.now()) < 60_000);
		assert.equal(digest.message.expiry, 5000);
		assert.deepEqual(digest.message.clock, {});
		const one = writeLine('one', 1);
		first.send(one);
		await hearLine(first, (each) => each === one.trim());
		const second = await replicaOf(t, `${url}/room`);
		assert.deepEqual(linesOf(second).slice(1), [one.trim(), '"SYNC"']);
		const two = writeLine('two', { deep: ['ü', null] });
		first.send(two);
		await hearLine(second, (each) => each === two.trim());
	});

	test('sends only what a digest lacks', async (t) => {
		const url = await stateFor(t);
		const first = await replicaOf(t, `${url}/room`);
		const at = Date.now();
		const lines = [writeLine('one', 1, 'a', at), writeLine('two', 2, 'a', at + 1), writeLine('three', 3, 'b', at)];
		first.send(lines.join(''));
		await hearLine(first, (each) => each === lines[2]?.trim());
		const second = await open(t, `${url}/room`);
		second.send(`{"id":"x","clock":{"a":${at}}}\n`);
		const heard = await hearLine(second, isSync);
		assert.deepEqual(heard.slice(1), [lines[2]?.trim(), lines[1]?.trim(), '"SYNC"']);
		const { clock } = JSON.parse(heard[0] ?? '') as Digest;
		assert.deepEqual(clock, { a: at + 1, b: at });
	});

	test('reads lines that are cut anywhere, as text or as bytes', async (t) => {
		const url = await stateFor(t);
		const reader = await replicaOf(t, `${url}/room`);
		const writer = await open(t, `${url}/room`);
		const line = writeLine('kÜ€😀', 'ü€😀');
		for (const byte of Buffer.from(line)) writer.send(Buffer.of(byte));
		await hearLine(reader, (each) => each === line.trim());
		const next = writeLine('next', 1);
		writer.send(next.slice(0, 9));
		writer.send(next.slice(9));
		await hearLine(reader, (each) => each === next.trim());
	});

	test('outlives its writers', async (t) => {
		const url = await stateFor(t);
		const writer = await replicaOf(t, `${url}/room`);
		const line = writeLine('k', 1);
		writer.send(line);
		await writer.settle();
		writer.socket.close();
		await writer.closed;
		assert.ok(linesOf(await replicaOf(t, `${url}/room`)).includes(line.trim()));
		assert.ok(!linesOf(await replicaOf(t, `${url}/other`)).includes(line.trim()));
	});

	test('asks how long the keys of a namespace live', async (t) => {
		const url = await stateFor(t, { expiry: (namespace) => (namespace === 'short' ? 1000 : 2000) });
		for (const [namespace, expiry] of Object.entries({ short: 1000, other: 2000 })) {
			const [line] = linesOf(await replicaOf(t, `${url}/${namespace}`));
			assert.equal((JSON.parse(line ?? '') as Digest).expiry, expiry);
		}
		for (const expiry of [0, -1, Number.NaN, '1' as unknown as number]) {
			assert.throws(() => sharedState({ expiry }), { code: 'bad-option' });
		}
	});

	test('brings ten thousand keys to one that reads slowly, with what is written meanwhile', async (t) => {
		const url = await stateFor(t);
		const writer = await replicaOf(t, `${url}/room`);
		const value = 'x'.repeat(500);
		for (let n = 0; n < 10_000; n++) writer.send(writeLine(`k${n}`, value));
		await writer.settle();
		const slow = await open(t, `${url}/room`);
		slow.send('{"id":"slow","clock":{}}\n');
		slow.socket.pause();
		const late = writeLine('late', 1);
		writer.send(late);
		await hearLine(writer, (each) => each === late.trim());
		slow.socket.resume();
		const lines = await hearLine(slow, (each) => each === late.trim());
		const keys = lines.flatMap((line) => (line.startsWith('[[') ? [(JSON.parse(line) as [[string]])[0][0]] : []));
		// The oldest made room for the late one, perhaps after it had been sent.
		assert.ok(new Set(keys).size >= 10_000 && keys.at(-1) === 'late');
	});

	test('is stalled by nobody who does not read', async (t) => {
		const url = await stateFor(t, { limits: { backlogBytes: 256 * 1024 } });
		const [writer, reader, slow] = await Promise.all([1, 2, 3].map(() => replicaOf(t, `${url}/room`)));
		assert.ok(writer && reader && slow);
		slow.socket.pause();
		const value = 'x'.repeat(60_000);
		// More than the kernel keeps for a connection, which may be 40 MB.
		for (let wave = 0; wave < 120; wave++) {
			for (let n = 0; n < 10; n++) writer.send(writeLine('k', value));
			const mark = writeLine('wave', wave);
			writer.send(mark);
			await hearLine(reader, (each) => each === mark.trim());
		}
		const closed = once(slow.socket, 'close');
		slow.socket.resume();
		await within(closed, 'the slow reader to be dropped');
		assert.ok(!linesOf(slow).some((line) => line.startsWith('[["wave",119]')), 'it was dropped before the end');
	});

	for (const [what, lines, code] of [
		['a line that is no JSON', ['hello\n'], 4400],
		['null', ['null\n'], 4400],
		['a second digest', ['{"id":"a","clock":{}}\n', '{"id":"a","clock":{}}\n'], 4400],
		['the key __proto__', [writeLine('x', 1).replace('"x"', '"__proto__"')], 4400],
		['a value that is too long', [writeLine('k', 'x'.repeat(65 * 1024))], 4400],
		['a line that is too long', ['x'.repeat(600 * 1024), 'x'.repeat(600 * 1024)], 1009],
		['a frame that is too long', ['x'.repeat(3 * 1024 * 1024)], 1009],
	] as const) {
		test(`closes a socket after ${what}, and only that one`, async (t) => {
			const url = await stateFor(t);
			const reader = await replicaOf(t, `${url}/room`);
			const bad = await open(t, `${url}/room`);
			for (const line of lines) bad.send(line);
			assert.equal((await bad.closed).code, code);
			const line = writeLine('k', 1);
			reader.send(line);
			await hearLine(reader, (each) => each === line.trim());
		});
	}
});
