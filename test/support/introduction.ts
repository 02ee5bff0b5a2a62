/** A master with the introduction service, and sockets to it. */
import type { TestContext } from 'node:test';
import { type IntroductionLimits, introduction } from '../../src/index.js';
import { openMaster, RawSocket } from './raw-socket.js';

export async function openIntroduction(t: TestContext, limits: Partial<IntroductionLimits> = {}) {
	const { url, master, port } = await openMaster(t, [introduction({ limits })]);
	const part = encodeURIComponent;
	return {
		url,
		master,
		port,
		/** A socket at the introduction endpoint. */
		guest: (id: string) => RawSocket.open(t, `${url}/introduction/${part(id)}`),
		/** A socket at the connection endpoint. */
		end: (id: string, remoteId: string, key = 'k') =>
			RawSocket.open(t, `${url}/connection/${part(id)}/${part(remoteId)}/${part(key)}`),
		at: (path: string) => new RawSocket(t, url + path),
	};
}

/** Two sockets that are joined. */
export async function openPipe(t: TestContext, limits: Partial<IntroductionLimits> = {}) {
	const service = await openIntroduction(t, limits);
	const [alice, bob] = [await service.end('alice', 'bob'), await service.end('bob', 'alice')];
	await bob.settle();
	return { ...service, alice, bob };
}
