import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { WebSocketServer } from 'ws';
import { Directory } from '../../src/master/directory.js';
import { encodeUserData, PROTOCOL } from '../../src/wire/index.js';
import { BOUND, inEachBrowser, run, waitIn } from '../support/browsers.js';
import '../support/e2e-globals.js';

/** Notes each event of the directory with what the slave said of itself. */
function watch(): void {
	globalThis.master = new MasterConnection();
	for (const event of ['slaveadded', 'slaveupdated', 'slaveremoved'] as const) {
		master.addEventListener(event, (slaveCo) => {
			seen.push([event, slaveCo.id, slaveCo.userData, slaveCo instanceof SlaveConnection, master.slaves.length]);
		});
	}
}

const seenSoFar = () => seen;

inEachBrowser('the list of slaves in a page', (suite) => {
	it('comes with a plain script that gives globals, without a word on the console', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave({ name: 'one' });
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			const slaveCo = await meet();
			return [slaveCo.id, slaveCo.userData, slaveCo.state, master.state, typeof EnslavismError];
		});
		assert.deepEqual(result, [slave.id, { name: 'one' }, 'closed', 'open', 'function']);
		assert.deepEqual(page.problems, []);
	});

	it('comes with a module', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const page = await suite.page(`${site.url}/module`);
		await waitIn(page, () => typeof enslavism === 'object');
		const result = await run(page, async () => {
			const master = new enslavism.MasterConnection();
			const slaveCo = (await next(master, 'slaveadded')) as InstanceType<typeof enslavism.SlaveConnection>;
			return [slaveCo.id, slaveCo.userData, slaveCo instanceof enslavism.SlaveConnection];
		});
		assert.deepEqual(result, [slave.id, 'one', true]);
		assert.deepEqual(page.problems, []);
	});

	for (const scheme of ['ws', 'http']) {
		it(`comes from the master that a ${scheme}: URL names`, BOUND, async () => {
			const site = await suite.site();
			const other = await suite.site({ origins: '*' });
			await other.slave('there');
			const page = await suite.page(site.url);
			const result = await run(
				page,
				async (url) => {
					const master = new MasterConnection(url);
					await master.ready;
					return master.slaves.map((slaveCo) => slaveCo.userData);
				},
				other.url.replace('http', scheme),
			);
			assert.deepEqual(result, ['there']);
		});
	}

	it(
		'tells of slaves that were there before the page, of later ones, of changes and of those that stop',
		BOUND,
		async () => {
			const site = await suite.site();
			const first = await site.slave({ name: 'first' });
			const page = await suite.page(site.url);
			await run(page, watch);
			await waitIn(page, () => seen.length === 1);
			const second = await site.slave({ name: 'second' });
			await waitIn(page, () => seen.length === 2);
			first.update({ name: 'first', players: 3 });
			await waitIn(page, () => seen.length === 3);
			second.close();
			await waitIn(page, () => seen.length === 4);
			assert.deepEqual(await run(page, seenSoFar), [
				['slaveadded', first.id, { name: 'first' }, true, 1],
				['slaveadded', second.id, { name: 'second' }, true, 2],
				['slaveupdated', first.id, { name: 'first', players: 3 }, true, 2],
				['slaveremoved', second.id, { name: 'second' }, true, 1],
			]);
		},
	);

	it('keeps one object for a slave, which says so itself when it changes or is gone', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave(1);
		const page = await suite.page(site.url);
		await run(page, async () => {
			await meet();
			slaveCo.addEventListener('updated', () => seen.push([slaveCo.userData, master.slaves[0] === slaveCo]));
		});
		slave.update(2);
		await waitIn(page, () => seen.length === 1);
		slave.close();
		await waitIn(page, () => slaveCo.state === 'gone');
		assert.deepEqual(await run(page, seenSoFar), [[2, true]]);
		const failed = await run(page, () => failure(slaveCo.connect()));
		assert.equal(failed?.code, 'slave-gone');
	});

	it('hands over user data as the slave gave it', BOUND, async () => {
		const site = await suite.site();
		const cyclic: Record<string, unknown> = { name: 'cyclic' };
		cyclic.self = cyclic;
		await site.slave({
			when: new Date(86_400_000),
			scores: new Map<unknown, unknown>([
				['a', 1],
				[2, new Set(['x'])],
			]),
			big: 2n ** 70n,
			bytes: new Uint8Array([1, 2, 255]),
			floats: new Float32Array([0.5, -1]),
			nothing: undefined,
			none: null,
			odd: [Number.NaN, Number.NEGATIVE_INFINITY, -0],
			pattern: /a+b/gi,
			cyclic,
		});
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const data = slaveCo.userData as Record<string, unknown>;
			const { when, scores, big, bytes, floats, odd, pattern, cyclic } = data as {
				when: Date;
				scores: Map<unknown, unknown>;
				big: bigint;
				bytes: Uint8Array;
				floats: Float32Array;
				odd: number[];
				pattern: RegExp;
				cyclic: { self: unknown };
			};
			return {
				when: when instanceof Date && when.toISOString(),
				scores: scores instanceof Map && [scores.get('a'), (scores.get(2) as Set<string>).has('x')],
				big: big === 2n ** 70n,
				bytes: bytes instanceof Uint8Array && [...bytes],
				floats: floats instanceof Float32Array && [...floats],
				nothing: 'nothing' in data && data.nothing === undefined,
				none: data.none === null,
				odd: [Object.is(odd[0], Number.NaN), odd[1] === Number.NEGATIVE_INFINITY, Object.is(odd[2], -0)],
				pattern: String(pattern),
				cyclic: cyclic.self === cyclic,
			};
		});
		assert.deepEqual(result, {
			when: '1970-01-02T00:00:00.000Z',
			scores: [1, true],
			big: true,
			bytes: [1, 2, 255],
			floats: [0.5, -1],
			nothing: true,
			none: true,
			odd: [true, true, true],
			pattern: '/a+b/gi',
			cyclic: true,
		});
	});

	it('hands over user data that is absent, null, a number or has a strange key', BOUND, async () => {
		const site = await suite.site();
		for (const data of [undefined, null, 0, { constructor: 1, toString: 2 }]) await site.slave(data);
		const page = await suite.page(site.url);
		await run(page, () => meet().then(() => undefined));
		await waitIn(page, () => master.slaves.length === 4);
		const result = await run(page, () =>
			master.slaves.map(({ userData }) => (userData === undefined ? 'undefined' : JSON.stringify(userData))),
		);
		assert.deepEqual(result, ['undefined', 'null', '0', '{"constructor":1,"toString":2}']);
	});

	it('tells synchronously added listeners of everything, and those added with on() as well', BOUND, async () => {
		const site = await suite.site();
		await site.slave('here');
		const page = await suite.page(site.url);
		await run(page, () => {
			globalThis.master = new MasterConnection();
			master.on('open', () => seen.push('open'));
			master.on('slaveadded', (slaveCo) => seen.push(slaveCo.userData));
			master.addEventListener('slaveadded', { handleEvent: (slaveCo) => seen.push(slaveCo.id.length > 0) });
		});
		await waitIn(page, () => seen.length === 3);
		assert.deepEqual(new Set((await run(page, seenSoFar)) as unknown[]), new Set(['open', 'here', true]));
	});

	it('is empty again when the link is lost for good, and says why', BOUND, async () => {
		const site = await suite.site();
		await site.slave('one');
		const page = await suite.page(site.url);
		await run(page, async () => {
			await meet({ reconnect: false });
			master.addEventListener('slaveremoved', (slaveCo) => seen.push(slaveCo.userData));
			master.addEventListener('close', (error) => seen.push(error.code));
		});
		await site.master.close();
		await waitIn(page, () => master.state === 'closed');
		assert.deepEqual(await run(page, () => [seen, master.slaves.length]), [['one', 'link-closed'], 0]);
	});

	it('can be 10 000 long', BOUND, async () => {
		const stub = await masterOf(10_000);
		const site = await suite.site();
		const page = await suite.page(site.url);
		const result = await run(
			page,
			async (url) => {
				const master = new MasterConnection(url);
				let added = 0;
				master.on('slaveadded', () => added++);
				await master.ready;
				const names = new Set(master.slaves.map(({ userData }) => (userData as { name: string }).name));
				return [added, master.slaves.length, names.size];
			},
			stub.url,
		);
		stub.close();
		assert.deepEqual(result, [10_000, 10_000, 10_000]);
	});
});

/** What a client sees of a master with that many slaves, without them. */
async function masterOf(count: number): Promise<{ url: string; close(): void }> {
	const directory = new Directory();
	for (let n = 0; n < count; n++) {
		directory.set({ id: `slave-${n}`, data: encodeUserData({ name: `arena ${n}`, players: n % 16 }) });
	}
	directory.commit();
	const server = createServer();
	const sockets = new WebSocketServer({ server, handleProtocols: () => PROTOCOL });
	sockets.on('connection', (socket) => {
		socket.send(JSON.stringify({ t: 'welcome', id: 'client' }));
		socket.send(directory.snapshot());
	});
	await new Promise<void>((resolve) => server.listen(0, resolve));
	return {
		url: `ws://localhost:${(server.address() as AddressInfo).port}`,
		close: () => {
			for (const socket of sockets.clients) socket.terminate();
			server.close();
		},
	};
}
