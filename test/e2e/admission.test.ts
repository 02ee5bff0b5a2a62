import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ClientConnection } from '../../src/index.js';
import { BOUND, inEachBrowser, run } from '../support/browsers.js';
import '../support/e2e-globals.js';
import { next } from '../support/e2e-next.js';

/** How a page learns that the master refuses it. */
async function knock(): Promise<unknown> {
	const master = new MasterConnection();
	const closed = next(master, 'close') as Promise<InstanceType<typeof EnslavismError>>;
	const refused = await failure(master.ready);
	const error = await closed;
	return {
		ready: [refused?.code, refused?.reason],
		close: [error.code, error.reason, error instanceof EnslavismError],
		state: master.state,
	};
}

/** The same below the API: what the socket itself says. */
function knockWithSocket(): Promise<unknown> {
	const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/enslavism/clients`, 'enslavism.1');
	return new Promise((resolve) => {
		socket.onclose = ({ code, reason }) => resolve([code, reason]);
	});
}

inEachBrowser('the admission of a page', (suite) => {
	it('is decided by its cookies; a refused page sees close code 4401 and the reason', BOUND, async () => {
		const site = await suite.site();
		const asked: unknown[] = [];
		site.master.on('clientauth', (cookies, reject) => {
			asked.push({ ...cookies });
			if (cookies.username !== 'getkey') reject('who are you?');
		});
		const stranger = await suite.page(site.url, { cookies: { username: 'mallory' }, cookiesFor: site.url });
		assert.deepEqual(await run(stranger, knock), {
			ready: ['refused', 'who are you?'],
			close: ['refused', 'who are you?', true],
			state: 'closed',
		});
		assert.deepEqual(await run(stranger, knockWithSocket), [4401, 'who are you?']);
		const cookies = { username: 'getkey', theme: 'dark' };
		const friend = await suite.page(site.url, { cookies, cookiesFor: site.url });
		const admitted = await run(friend, async () => {
			const master = new MasterConnection();
			await master.ready;
			return master.state;
		});
		assert.equal(admitted, 'open');
		assert.deepEqual(asked, [{ username: 'mallory' }, { username: 'mallory' }, cookies]);
	});

	it('waits for an async listener', BOUND, async () => {
		const site = await suite.site();
		site.master.on('clientauth', async (_cookies, reject) => {
			await new Promise((resolve) => setImmediate(resolve));
			reject('no, after some thought');
		});
		const page = await suite.page(site.url);
		const { ready } = (await run(page, knock)) as { ready: unknown };
		assert.deepEqual(ready, ['refused', 'no, after some thought']);
	});

	it('takes an auth option beside the cookies, and shows the identity to the slave', BOUND, async () => {
		const site = await suite.site();
		site.master.on('clientauth', (cookies, _reject, { auth, address }) => {
			return { name: String(auth.name), theme: cookies.theme, local: address.length > 0, since: new Date(0) };
		});
		const slave = await site.slave('one');
		const offered = new Promise((resolve) => {
			slave.on('offer', (_reject, { client }) => resolve(client.auth));
		});
		const connected = next<ClientConnection>(slave, 'connection');
		const page = await suite.page(site.url, { cookies: { theme: 'dark' }, cookiesFor: site.url });
		await run(page, () => meet({ auth: { name: 'bøb', level: 3 } }).then((slaveCo) => slaveCo.connect()));
		const identity = { name: 'bøb', theme: 'dark', local: true, since: new Date(0) };
		assert.deepEqual(await offered, identity);
		const client = await connected;
		assert.deepEqual(client.auth, identity);
	});

	it('refuses when the listener throws, tells the master, and admits the next page', BOUND, async () => {
		const site = await suite.site();
		const errors: unknown[] = [];
		let broken = true;
		site.master.on('clientauth', () => {
			if (broken) throw new Error('the database is away');
		});
		site.master.on('error', (error) => errors.push((error as Error).message));
		const page = await suite.page(site.url);
		const { ready } = (await run(page, knock)) as { ready: string[] };
		assert.equal(ready[0], 'refused');
		assert.ok(!String(ready[1]).includes('database'), 'the reason is not the exception');
		assert.deepEqual(errors, ['the database is away']);
		broken = false;
		assert.equal(await run(page, async () => (await failure(new MasterConnection().ready)) ?? 'open'), 'open');
	});

	it('shows the identity of a slave to pages', BOUND, async () => {
		const site = await suite.site();
		site.master.on('slaveauth', () => ({ operator: 'getkey' }));
		await site.slave('one');
		const page = await suite.page(site.url);
		assert.deepEqual(await run(page, async () => (await meet()).auth), { operator: 'getkey' });
	});

	it('fails with a code for a master that is not there, and for a URL that is none', BOUND, async () => {
		const site = await suite.site();
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			const nobody = await failure(new MasterConnection('ws://localhost:1').ready);
			let thrown: unknown;
			try {
				new MasterConnection('ftp://localhost');
			} catch (error) {
				thrown = error;
			}
			return [nobody?.code, (thrown as InstanceType<typeof EnslavismError>).code];
		});
		assert.deepEqual(result, ['unreachable', 'bad-url']);
	});
});
