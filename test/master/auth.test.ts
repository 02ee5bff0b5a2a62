import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Master, type MasterEvents, Slave } from '../../src/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { RawLink } from '../support/raw-link.js';
import { clientFor, coded, masterFor, seen, slaveFor } from '../support/stage.js';
import { next, turns, within } from '../support/wait.js';

/** The errors that a master reports. */
function errorsOf(master: Master): unknown[] {
	const errors: unknown[] = [];
	master.on('error', (error) => errors.push(error));
	return errors;
}

/** A client at the master, with cookies if it has some. */
const rawClient = (t: TestContext, url: string, cookie?: string) =>
	new RawLink(t, url, 'client', { headers: cookie === undefined ? {} : { cookie } });

describe('slaveauth', () => {
	it('has what the slave gave, or nothing', async (t) => {
		const { master, url } = await masterFor(t);
		const given: unknown[] = [];
		master.on('slaveauth', (authData, reject, info) => {
			given.push(authData);
			assert.equal(typeof reject, 'function');
			assert.deepEqual(info.auth, authData);
			assert.equal(info.request.url, '/enslavism/slaves');
			assert.match(info.address, /127\.0\.0\.1|::1/);
		});
		await slaveFor(t, url, null, { username: 'getkey', password: 'secret é' });
		await slaveFor(t, url, null);
		assert.deepEqual(given, [{ username: 'getkey', password: 'secret é' }, {}]);
	});

	for (const [how, refuse] of [
		['at once', (reject: (reason?: string) => void) => reject('Invalid credentials!')],
		[
			'before its promise settles',
			async (reject: (reason?: string) => void) => {
				await turns();
				reject('Invalid credentials!');
			},
		],
	] as const) {
		it(`refuses a slave ${how}, with the reason`, async (t) => {
			const { master, url } = await masterFor(t);
			const errors = errorsOf(master);
			master.on('slaveauth', (_, reject) => refuse(reject));
			await assert.rejects(new Slave(url, null), coded('refused', 'Invalid credentials!'));
			assert.deepEqual(await new RawLink(t, url, 'slave').closed, { code: 401, reason: 'Invalid credentials!' });
			assert.deepEqual([errors, master.slaves, master.counts.slaves], [[], [], 0]);
		});
	}

	it('refuses a slave in a browser with a close code, because it cannot see a status', async (t) => {
		const { master, url } = await masterFor(t, { origins: '*' });
		master.on('slaveauth', (_, reject) => reject('no pages'));
		const link = new RawLink(t, url, 'slave', { headers: { origin: 'http://play.example' } });
		assert.deepEqual(await link.closed, { code: 4401, reason: 'no pages' });
	});

	it('keeps a long reason whole', async (t) => {
		const { master, url } = await masterFor(t);
		const reason = 'é'.repeat(LIMITS.reasonLength);
		master.on('slaveauth', (_, reject) => reject(`${reason}cut`));
		await assert.rejects(new Slave(url), coded('refused', reason));
	});

	it('has a reason that cannot end the header and begin another', async (t) => {
		const { master, url } = await masterFor(t);
		const reason = 'a\r\nSet-Cookie: x=1\r\n\r\nHTTP/1.1 200 OK';
		master.on('slaveauth', (_, reject) => reject(reason));
		await assert.rejects(new Slave(url), coded('refused', reason));
	});

	it('gives a slave the identity that it returns, visible to clients', async (t) => {
		const { master, url } = await masterFor(t);
		const since = new Date(0);
		master.on('slaveauth', async ({ username }) => ({ username, since }));
		master.on('slaveauth', () => ({ tags: new Set(['eu']) }));
		const slave = await slaveFor(t, url, 'data', { username: 'getkey' });
		const slaveCo = await seen(clientFor(t, url), slave.id);
		assert.deepEqual(slaveCo.auth, { username: 'getkey', since, tags: new Set(['eu']) });
	});

	it('is asked once when it was added with once', async (t) => {
		const { master, url } = await masterFor(t);
		master.once('slaveauth', (_, reject) => reject());
		await assert.rejects(new Slave(url), coded('refused', 'refused'));
		await slaveFor(t, url);
	});
});

describe('clientauth', () => {
	it('has the cookies of the client', async (t) => {
		const { master, url } = await masterFor(t);
		const given: Record<string, unknown>[] = [];
		master.on('clientauth', (authData) => {
			given.push(authData);
		});
		await rawClient(t, url, 'username=getkey; theme=a%20b; empty=').opened;
		await rawClient(t, url).opened;
		assert.deepEqual(given, [{ username: 'getkey', theme: 'a b', empty: '' }, {}]);
	});

	it('has cookies with names such as __proto__ as cookies', async (t) => {
		const { master, url } = await masterFor(t);
		const given: Record<string, unknown>[] = [];
		master.on('clientauth', (authData) => {
			given.push(authData);
		});
		await rawClient(t, url, '__proto__=evil; constructor=x; toString=y; bad=%ZZ; =; ;;').opened;
		const [cookies = {}] = given;
		assert.equal(cookies.admin, undefined);
		assert.ok([Object.prototype, null].includes(Object.getPrototypeOf(cookies)));
		assert.equal(Object.getOwnPropertyDescriptor(cookies, '__proto__')?.value ?? 'evil', 'evil');
		assert.deepEqual([cookies.constructor, cookies.toString, cookies.bad], ['x', 'y', '%ZZ']);
	});

	it('has what the client gave itself beside its cookies', async (t) => {
		const { master, url } = await masterFor(t);
		const given: unknown[] = [];
		master.on('clientauth', (authData, _, { auth, request }) => {
			given.push(authData, auth, request.url);
		});
		await clientFor(t, `${url}/?room=1`, { auth: { token: 'abc', level: 3 } }).ready;
		assert.deepEqual(given, [{}, { token: 'abc', level: 3 }, '/enslavism/clients?room=1']);
	});

	it('refuses a client with close code 4401 and the reason', async (t) => {
		const { master, url } = await masterFor(t);
		master.on('clientauth', async ({ username }, reject) => {
			await turns();
			if (username === undefined) reject('Who are you?');
		});
		assert.deepEqual(await rawClient(t, url).closed, { code: 4401, reason: 'Who are you?' });
		const client = clientFor(t, url);
		const [[error]] = await Promise.all([
			next(client, 'close'),
			assert.rejects(client.ready, coded('refused', 'Who are you?')),
		]);
		assert.deepEqual(
			[error.code, error.reason, client.state, client.slaves],
			['refused', 'Who are you?', 'closed', []],
		);
		await rawClient(t, url, 'username=getkey').opened;
		assert.equal(master.counts.clients, 1);
	});

	it('sends a refused client nothing of the list', async (t) => {
		const { master, url } = await masterFor(t);
		await slaveFor(t, url, 'secret');
		master.on('clientauth', (_, reject) => reject());
		const link = rawClient(t, url);
		await link.closed;
		assert.deepEqual(link.said.items, []);
	});

	it('cuts a long reason to what a close frame holds', async (t) => {
		const { master, url } = await masterFor(t);
		master.on('clientauth', (_, reject) => reject('é'.repeat(100)));
		assert.deepEqual(await rawClient(t, url).closed, { code: 4401, reason: 'é'.repeat(61) });
	});

	it('gives a client the identity that it returns, visible to slaves before and after they accept', async (t) => {
		const { master, url } = await masterFor(t);
		master.on('clientauth', () => ({ user: 'bob', id: 7n }));
		const slave = await slaveFor(t, url);
		const [, [, offer], [connection]] = await Promise.all([
			seen(clientFor(t, url), slave.id).then((slaveCo) => slaveCo.connect()),
			next(slave, 'offer'),
			next(slave, 'connection'),
		]);
		assert.deepEqual(offer.client.auth, { user: 'bob', id: 7n });
		assert.deepEqual(connection.auth, { user: 'bob', id: 7n });
		assert.equal(connection.id, offer.client.id);
	});
});

for (const kind of ['slave', 'client'] as const) {
	const status = kind === 'slave' ? 401 : 4401;

	describe(`a listener of ${kind}auth`, () => {
		for (const [how, listener] of [
			[
				'throws',
				(error: Error) => () => {
					throw error;
				},
			],
			['rejects its promise', (error: Error) => () => Promise.reject(error)],
		] as const) {
			it(`that ${how} refuses, and its error is reported`, async (t) => {
				const { master, url } = await masterFor(t);
				const errors = errorsOf(master);
				const error = new Error('no database');
				master.on(`${kind}auth`, listener(error));
				const { code, reason } = await new RawLink(t, url, kind).closed;
				assert.deepEqual([code, reason], [status, 'the decision failed']);
				assert.deepEqual(errors, [error]);
				assert.equal(errors[0], error);
			});
		}

		it('that throws is logged with its stack when nobody listens for errors', async (t) => {
			const lines: string[] = [];
			const { master, url } = await masterFor(t, { log: (line) => lines.push(line) });
			master.on(`${kind}auth`, function checkPassword() {
				throw new Error('no database');
			});
			await new RawLink(t, url, kind).closed;
			assert.match(lines.join(), /no database[\s\S]*checkPassword/);
		});

		it('that does not decide in time refuses', async (t) => {
			const { master, url } = await masterFor(t);
			const asked = new Promise<void>((resolve) => {
				master.on(`${kind}auth`, () => {
					resolve();
					return new Promise(() => {});
				});
			});
			const link = new RawLink(t, url, kind);
			t.mock.timers.enable({ apis: ['setTimeout'] });
			await Promise.race([asked, new Promise((resolve) => link.socket.once('close', resolve))]);
			t.mock.timers.tick(WAITS.auth - 1);
			await turns();
			assert.equal(link.socket.readyState, link.socket.CONNECTING);
			t.mock.timers.tick(1);
			t.mock.timers.reset();
			const { code, reason } = await within(link.closed, 'the refusal');
			assert.deepEqual([code, reason], [status, 'the decision took too long']);
		});

		it('that returns an identity which cannot be shown refuses, and the error is reported', async (t) => {
			const { master, url } = await masterFor(t);
			const errors = errorsOf(master) as Error[];
			const identities = [{ run: () => {} }, { long: 'x'.repeat(LIMITS.identityLength) }];
			master.on(`${kind}auth`, () => identities.shift());
			for (const expected of ['bad-user-data', 'user-data-too-large'] as const) {
				assert.equal((await new RawLink(t, url, kind).closed).reason, 'the decision failed');
				coded(expected)(errors.pop());
			}
		});

		it('is asked beside others, and one that refuses is enough', async (t) => {
			const { master, url } = await masterFor(t);
			const order: string[] = [];
			master.on(`${kind}auth`, () => void order.push('first'));
			master.on(`${kind}auth`, (...[, reject]: MasterEvents['clientauth']) => {
				order.push('second');
				reject('no');
			});
			master.on(`${kind}auth`, () => void order.push('third'));
			assert.equal((await new RawLink(t, url, kind).closed).reason, 'no');
			assert.deepEqual(order, ['first', 'second', 'third']);
		});

		it('may take its time while the asking one leaves', async (t) => {
			const { master, url } = await masterFor(t);
			let decide = () => {};
			const asked = new Promise<void>((resolve) => {
				master.once(`${kind}auth`, () => {
					resolve();
					return new Promise<void>((settle) => {
						decide = settle;
					});
				});
			});
			const link = new RawLink(t, url, kind);
			await asked;
			link.socket.terminate();
			await turns(10);
			decide();
			await turns(10);
			await new RawLink(t, url, kind).opened;
			assert.equal(master.counts[`${kind}s`], 1);
		});
	});

	describe(`${kind}connection`, () => {
		it('hands over the WebSocket, with the id and the request', async (t) => {
			const { master, url } = await masterFor(t);
			const connected = next(master, `${kind}connection`);
			const link = new RawLink(t, url, kind, { headers: { 'x-test': 'yes' } });
			const [ws, { id, request }] = await connected;
			assert.equal(request.headers['x-test'], 'yes');
			assert.match(id, /^[\w-]{22}$/);
			const socket = (ws as unknown as { _socket: { remoteAddress: string } })._socket;
			assert.match(socket.remoteAddress, /127\.0\.0\.1|::1/);
			await link.opened;
			ws.close(4000, 'by hand');
			assert.deepEqual(await link.closed, { code: 4000, reason: 'by hand' });
		});

		it('does not happen for one that was refused', async (t) => {
			const { master, url } = await masterFor(t);
			master.on(`${kind}connection`, () => assert.fail('connected'));
			master.on(`${kind}auth`, (...[, reject]: MasterEvents['clientauth']) => reject());
			await new RawLink(t, url, kind).closed;
		});
	});

	describe(`the room for ${kind}s`, () => {
		it('is limited', async (t) => {
			const { url } = await masterFor(t, { limits: { [`${kind}s`]: 1 } });
			const first = await RawLink.open(t, url, kind);
			const { code, reason } = await new RawLink(t, url, kind).closed;
			assert.deepEqual([code, reason], [4429, `the master has no room for another ${kind}`]);
			first.socket.terminate();
			await first.closed;
			await turns();
			await RawLink.open(t, url, kind);
		});

		it('is limited also for those who are being decided on', async (t) => {
			const { master, url } = await masterFor(t, { limits: { pendingAuth: 1 } });
			const asked = next(master, `${kind}auth`);
			master.on(`${kind}auth`, () => new Promise(() => {}));
			new RawLink(t, url, kind);
			await asked;
			assert.equal((await new RawLink(t, url, kind).closed).code, 4429);
		});
	});
}

describe('a link of another version', () => {
	for (const kind of ['slave', 'client'] as const) {
		it(`is refused with 4406 and the version that would do: ${kind}`, async (t) => {
			const { master, url } = await masterFor(t);
			master.on(`${kind}auth`, () => assert.fail('asked'));
			for (const protocols of [['enslavism.2'], ['enslavism.2', 'auth.e30'], ['other', 'more'], []]) {
				const { code, reason } = await new RawLink(t, url, kind, { protocols }).closed;
				assert.deepEqual([code, reason], [4406, 'this master speaks enslavism.1'], String(protocols));
			}
		});

		it(`is refused with 4400 when its authentication data is garbage: ${kind}`, async (t) => {
			const { url } = await masterFor(t);
			for (const token of ['auth.x', 'auth.bnVsbA', 'auth.']) {
				const { code } = await new RawLink(t, url, kind, { protocols: ['enslavism.1', token] }).closed;
				assert.equal(code, 4400, token);
			}
		});
	}
});
