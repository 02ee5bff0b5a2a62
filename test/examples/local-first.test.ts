import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IntroducedPeer, Introducer } from '../../src/signal/node.js';
import { freePort, runProgram } from '../support/e2e-program.js';
import { later } from '../support/later.js';
import { DIALECTS, openClient } from '../support/local-first.js';
import { Inbox, within } from '../support/wait.js';

describe('the signalling server for local-first applications', { timeout: 60_000 }, () => {
	it('has clients of every kind meet and talk', async (t) => {
		const PORT = await freePort();
		const url = `ws://localhost:${PORT}`;
		const server = runProgram('examples/local-first/server.ts', [], { PORT });
		later(t, () => server.close());
		const own = new Introducer(url, 'own');
		later(t, () => own.close());
		const met = new Inbox<IntroducedPeer>();
		own.on('peer', met.put);
		own.join('doc');
		// Our own client comes back until the server is there.
		if (!own.open) await within(new Promise<void>((resolve) => own.once('open', resolve)), server.output, 30_000);
		const others = await Promise.all(DIALECTS.map((dialect) => openClient(t, dialect, url, dialect)));
		for (const other of others) other.join('doc');
		await Promise.all([met.count(3), ...others.map((other) => other.met.count(3))]);
		const heard = new Inbox<unknown>();
		for (const { socket } of met.items) socket.on('message', ({ data }) => heard.put(data));
		for (const other of others) other.get('own', 'doc')?.send(`from ${other.id}`);
		await heard.count(3);
		assert.deepEqual([...heard.items].sort(), ['from documents', 'from keys', 'from packed']);
		assert.equal(server.output, '');
	});

	it('shows a page to who opens its address', async (t) => {
		const PORT = await freePort();
		const server = runProgram('examples/local-first/server.ts', [], { PORT });
		later(t, () => server.close());
		const own = new Introducer(`ws://localhost:${PORT}`);
		later(t, () => own.close());
		await within(new Promise<void>((resolve) => own.once('open', resolve)), 'the server', 30_000);
		const page = await fetch(`http://localhost:${PORT}/`);
		assert.equal(page.status, 200);
		assert.match(await page.text(), /service introduction/);
	});
});
