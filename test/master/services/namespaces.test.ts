/** What the services with namespaces have in common: names, and bad input of all kinds. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { echo, relay, sharedState } from '../../../src/index.js';
import { Echo, relay as openRelay, SharedState } from '../../../src/signal/node.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { openMaster, RawSocket } from '../../support/raw-socket.js';
import { Inbox, next, within } from '../../support/wait.js';

const SERVICES = ['echo', 'scuttlebutt', 'relay'];

const allServices = () => [echo({ history: 10 }), sharedState(), relay()];

describe('a namespace', () => {
	for (const service of SERVICES) {
		test(`of ${service} that is no name closes the socket with a reason`, async (t) => {
			const { url } = await openMaster(t, allServices());
			for (const [name, reason] of [
				['', 'a namespace has 1 to 256 characters'],
				['x'.repeat(10_000), 'a namespace has 1 to 256 characters'],
				['%C3%A9'.repeat(257), 'a namespace has 1 to 256 characters'],
				['%zz', 'the namespace cannot be read'],
				['%ff', 'the namespace cannot be read'],
			]) {
				const socket = new RawSocket(t, `${url}/enslavism/${service}/${name}`);
				assert.deepEqual(await socket.closed, { code: 4400, reason });
			}
			await RawSocket.open(t, `${url}/enslavism/${service}/${'%C3%A9'.repeat(256)}?query=1`);
		});

		test(`of ${service} is one part of the path`, async (t) => {
			const { url } = await openMaster(t, allServices());
			for (const path of [`${service}/a/b`, service, `${service}s/a`, `x/${service}/a`]) {
				assert.equal((await new RawSocket(t, `${url}/enslavism/${path}`).closed).code, 404, path);
			}
		});
	}

	test('is not there unless its service was asked for', async (t) => {
		const { url } = await openMaster(t, []);
		for (const service of SERVICES) {
			assert.equal((await new RawSocket(t, `${url}/enslavism/${service}/a`).closed).code, 404);
		}
	});

	test('of ten thousand is forgotten with its last socket', () => {
		for (const service of allServices()) {
			const kind = service.name === 'shared state' ? 'scuttlebutt' : service.name;
			const visit = (from: number) => {
				const names = Array.from({ length: 10_000 }, (_, n) => `/enslavism/${kind}/${from + n}`);
				const sockets = names.map((name) => FakeSocket.at(service, name));
				const refused = sockets.filter(({ closedWith }) => closedWith !== undefined);
				for (const socket of sockets) socket.leave();
				assert.equal(refused.length, 0, service.name);
			};
			visit(0);
			visit(10_000);
			service.close();
		}
	});
});

describe('a socket of a service', () => {
	test('is admitted by the clientauth listeners, which are told the service', async (t) => {
		const { master, url } = await openMaster(t, allServices());
		const asked: unknown[] = [];
		master.on('clientauth', (_data, reject, { service }) => {
			asked.push(service);
			reject('not today');
		});
		for (const service of SERVICES) {
			const socket = new RawSocket(t, `${url}/enslavism/${service}/a`);
			assert.deepEqual(await socket.closed, { code: 4401, reason: 'not today' });
		}
		assert.deepEqual(asked, ['echo', 'shared state', 'relay']);
	});

	test('is closed with its master, and nothing is left running', async (t) => {
		const { master, url } = await openMaster(t, allServices());
		const sockets = await Promise.all(SERVICES.map((service) => RawSocket.open(t, `${url}/enslavism/${service}/a`)));
		await master.close();
		for (const { closed } of sockets) assert.equal((await closed).code, 1001);
	});
});

/** Pairs that use the services as they are meant to be used, and notice when something is wrong. */
async function bystandersFor(t: TestContext, url: string): Promise<{ check(): Promise<void> }> {
	const [said, other] = [new Echo(url, 'room'), new Echo(url, 'room')];
	const [state, copy] = [new SharedState(url, 'room'), new SharedState(url, 'room')];
	const [near, far] = ['ab', 'ba'].map(([local = '', remote = '']) =>
		openRelay(url, { namespace: 'room', local, remote }),
	);
	assert.ok(near && far);
	for (const each of [said, other, state, copy, near, far]) t.after(() => each.close());
	const lost: unknown[] = [];
	for (const each of [said, other]) each.on('lost', (error) => lost.push(error));
	for (const each of [state, copy]) each.on('lost', (error) => lost.push(error));
	for (const each of [near, far]) each.on('close', (event) => lost.push(event));
	const [echoed, relayed] = [new Inbox<unknown>(), new Inbox<unknown>()];
	const opened = [next(other, 'open'), next(near, 'open'), next(far, 'open'), copy.ready, state.ready];
	other.on('message', ({ data }) => echoed.put(data));
	far.on('message', ({ data }) => relayed.put(data));
	await within(Promise.all(opened), 'the bystanders');
	let count = 0;
	return {
		async check() {
			const mark = `mark ${++count}`;
			said.send(mark);
			state.set('mark', mark);
			near.send(mark);
			await echoed.find((each) => each === mark, 'an echo');
			await relayed.find((each) => each === mark, 'a relayed message');
			while (copy.get('mark') !== mark) await next(copy, 'change');
			assert.deepEqual(lost, []);
		},
	};
}

const json = fc.oneof(
	fc.jsonValue(),
	fc.record({ local: fc.jsonValue(), remote: fc.jsonValue() }, { requiredKeys: [] }),
	fc.record(
		{ id: fc.jsonValue(), clock: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.double())) },
		{ requiredKeys: [] },
	),
	fc.tuple(
		fc.tuple(fc.constantFrom('k', '__proto__', 'constructor', 7), fc.jsonValue()),
		fc.oneof(fc.double(), fc.maxSafeNat()),
		fc.string(),
	),
	fc.constant('SYNC'),
);
const frame = fc.oneof(
	{ weight: 6, arbitrary: json.map((value) => JSON.stringify(value)) },
	{ weight: 6, arbitrary: json.map((value) => `${JSON.stringify(value)}\n`) },
	{ weight: 2, arbitrary: json.map((value) => JSON.stringify(value).slice(0, -1)) },
	{ weight: 2, arbitrary: fc.string() },
	{ weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }) },
	{ weight: 1, arbitrary: fc.nat(3 * 2 ** 20).map((length) => '[1],'.repeat(length / 4)) },
	{ weight: 1, arbitrary: fc.nat(2 ** 20).map((depth) => '['.repeat(depth)) },
	{ weight: 1, arbitrary: fc.nat(2 ** 20).map((length) => '\n'.repeat(length)) },
	{ weight: 1, arbitrary: fc.nat(100_000).map((length) => `${JSON.stringify([['k', 'x'.repeat(length)], 1, 'a'])}\n`) },
	{ weight: 1, arbitrary: fc.constant('{"local":"a","remote":"b"}') },
);
const visit = fc.record({
	service: fc.constantFrom(...SERVICES),
	namespace: fc.oneof(
		fc.constant('other'),
		fc.constantFrom('room ', '%00', 'x'.repeat(10_000), '%zz'),
		fc.webSegment(),
	),
	frames: fc.array(frame, { maxLength: 8 }),
	leave: fc.constantFrom('close', 'terminate', 'half'),
});

/** No visit begins after this. */
const FUZZ_MS = 5_000;

test('whatever is sent harms its own socket only, while pairs are served all along', async (t) => {
	const { master, url } = await openMaster(t, allServices());
	const errors: unknown[] = [];
	master.on('error', (error) => errors.push(error));
	const bystanders = await bystandersFor(t, url);
	const end = performance.now() + FUZZ_MS;
	const visits = fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 4 }), async (several) => {
		if (performance.now() > end) return;
		const sockets = several.map(
			({ service, namespace }) => new RawSocket(t, `${url}/enslavism/${service}/${namespace}`),
		);
		for (const [index, { frames, leave }] of several.entries()) {
			const raw = sockets[index];
			await raw?.opened.catch(() => {});
			if (raw?.socket.readyState !== 1) continue;
			for (const each of frames) raw.send(each);
			if (leave === 'close') raw.socket.close();
			if (leave === 'terminate') raw.socket.terminate();
		}
		await bystanders.check();
		for (const { socket } of sockets) socket.terminate();
	});
	await fc.assert(visits, { numRuns: 400, endOnFailure: true });
	await bystanders.check();
	assert.deepEqual(errors, []);
});
