import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { echo, type MasterOptions } from '../../src/index.js';
import { RawLink } from '../support/raw-link.js';
import { masterFor } from '../support/stage.js';

type Headers = Record<string, string>;

async function stage(t: TestContext, options: MasterOptions = {}) {
	const { master, url, port } = await masterFor(t, { services: [echo()], ...options });
	/** The close code of a link with these headers, 0 when it is admitted. */
	const code = async (headers: Headers, kind: 'client' | 'slave' = 'client'): Promise<number> => {
		const link = new RawLink(t, url, kind, { headers });
		const admitted =
			kind === 'client' ? link.hear('welcome') : link.opened.then(() => link.say({ t: 'register', data: '1' }));
		if (kind === 'slave') await admitted;
		return Promise.race([
			(kind === 'client' ? admitted : link.hear('registered')).then(() => 0),
			link.closed.then((closed) => closed.code),
		]);
	};
	return { master, url, port, code };
}

describe('pages that open links', { concurrency: true }, () => {
	it('are those of the same origin by default; programs send none', async (t) => {
		const { code, port } = await stage(t);
		for (const kind of ['client', 'slave'] as const) {
			assert.equal(await code({}, kind), 0);
			for (const name of ['localhost', '127.0.0.1', '[::1]', '127.1.2.3', 'LOCALHOST']) {
				assert.equal(await code({ origin: `http://${name}:${port}` }, kind), 0, name);
			}
			const others = [
				'http://evil.example',
				`http://evil.example:${port}`,
				'http://localhost:1',
				'null',
				'',
				'x',
				'file://',
			];
			for (const origin of [...others, `http://localhost.evil.example:${port}`, `http://127.0.0.1.example:${port}`]) {
				assert.equal(await code({ origin }, kind), 4403, origin);
			}
		}
	});

	it('are compared with the host that was asked for, whose port may go without saying', async (t) => {
		const { code } = await stage(t);
		assert.equal(await code({ origin: 'https://game.example', host: 'game.example' }), 0);
		assert.equal(await code({ origin: 'https://game.example', host: 'game.example:443' }), 0);
		assert.equal(await code({ origin: 'http://game.example:8080', host: 'game.example:8080' }), 0);
		assert.equal(await code({ origin: 'https://game.example', host: 'game.example:80' }), 4403);
		assert.equal(await code({ origin: 'https://other.example', host: 'game.example' }), 4403);
		assert.equal(await code({ origin: 'https://game.example', host: 'x', 'x-forwarded-host': 'game.example' }), 4403);
	});

	it('are compared with what a trusted proxy says of the host', async (t) => {
		const { code } = await stage(t, { trustProxy: 1 });
		assert.equal(await code({ origin: 'https://game.example', 'x-forwarded-host': 'game.example' }), 0);
	});

	it('may be listed', async (t) => {
		const { code, port } = await stage(t, { origins: ['https://game.example', 'null'] });
		assert.equal(await code({ origin: 'https://game.example' }), 0);
		assert.equal(await code({ origin: 'null' }), 0);
		assert.equal(await code({ origin: `http://localhost:${port}` }), 4403);
		assert.equal(await code({}), 0);
	});

	it('may be decided on by a function; one that throws refuses, and its error is reported', async (t) => {
		const { master, code } = await stage(t, {
			origins: (origin, { headers }) => {
				if (origin === 'https://broken.example') throw new Error('broken');
				return origin.endsWith('.game.example') && headers.host !== undefined;
			},
		});
		const errors: unknown[] = [];
		master.on('error', (error) => errors.push(error));
		assert.equal(await code({ origin: 'https://a.game.example' }), 0);
		assert.equal(await code({ origin: 'https://evil.example' }), 4403);
		assert.equal(await code({ origin: 'https://broken.example' }), 4403);
		assert.deepEqual(errors.map(String), ['Error: broken']);
	});

	it('may be all', async (t) => {
		const { code } = await stage(t, { origins: '*' });
		assert.equal(await code({ origin: 'https://anywhere.example' }), 0);
	});

	it('are told of the option when they are refused, and nothing of what they sent', async (t) => {
		const { url } = await stage(t);
		const link = new RawLink(t, url, 'client', { headers: { origin: 'http://<script>.example' } });
		const { code, reason } = await link.closed;
		assert.equal(code, 4403);
		assert.match(reason, /option "origins"/);
		assert.doesNotMatch(reason, /script/);
	});

	it('are checked for services, too', async (t) => {
		const { url } = await stage(t);
		const socket = new WebSocket(`${url}/enslavism/echo/x`, { headers: { origin: 'http://evil.example' } });
		assert.equal(await new Promise((resolve) => socket.on('close', resolve)), 4403);
	});
});
