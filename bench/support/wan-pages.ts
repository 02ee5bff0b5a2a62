/** What clients do in their pages, for the bench of connecting over a wide area; functions that run there. */
import type {} from '../../test/support/e2e-globals.js';

/** When something happened after the call, in ms. */
export interface Connected {
	/** `createDataChannel` resolved. */
	resolved: number;
	/** A message that was sent then had come back. */
	echoed: number;
	/** The session was on UDP. */
	rtc: number;
}

/** The part of geckos.io's client that is used. */
interface GeckosClient {
	onConnect(listener: (error?: Error) => void): void;
	on(event: string, listener: (data: unknown) => void): void;
	emit(event: string, data: unknown): void;
	close(): void;
}

/** Connects to the master, and waits for its slave. */
export async function meetSlave(): Promise<void> {
	await meet({});
}

/** Opens a session with a channel, and closes it when all has been measured. */
export async function connectOnce(eager: boolean): Promise<Connected> {
	const events = slaveCo as unknown as { addEventListener(event: string, listener: () => void): void };
	let look: () => void = () => {};
	const started = performance.now();
	const rtc = new Promise<number>((resolve) => {
		look = () => {
			if (slaveCo.path === 'rtc') resolve(performance.now() - started);
		};
	});
	for (const event of ['open', 'pathchange']) events.addEventListener(event, () => look());
	const channel = await slaveCo.createDataChannel('echo', (eager ? { eager } : {}) as object);
	const resolved = performance.now() - started;
	const echoed = new Promise<number>((resolve) => {
		channel.on('message', () => resolve(performance.now() - started));
	});
	channel.send('hello');
	look();
	const times = { resolved, echoed: await echoed, rtc: await rtc };
	const closed = next(slaveCo, 'close');
	slaveCo.close();
	await closed;
	// The other end hears of it, too, before the next one.
	await new Promise((resolve) => setTimeout(resolve, 300));
	return times;
}

/** The same with geckos.io, whose connection is open when it is on UDP. */
export async function connectGeckos(url: string): Promise<Connected> {
	const { geckos } = globalThis as unknown as { geckos: (options: object) => GeckosClient };
	const { protocol, hostname, port } = new URL(url);
	const started = performance.now();
	const channel = geckos({ url: `${protocol}//${hostname}`, port: Number(port) });
	await new Promise<void>((resolve, reject) => {
		channel.onConnect((error) => (error === undefined ? resolve() : reject(error)));
	});
	const resolved = performance.now() - started;
	const echoed = new Promise<number>((resolve) => channel.on('echo', () => resolve(performance.now() - started)));
	channel.emit('echo', 'hello');
	const times = { resolved, echoed: await echoed, rtc: resolved };
	channel.close();
	await new Promise((resolve) => setTimeout(resolve, 300));
	return times;
}

/** Gives a Node program what geckos.io's client expects of a browser. */
export async function beBrowserForGeckos(modules: string): Promise<void> {
	const { load } = globalThis as unknown as { load: (file: string) => Promise<Record<string, unknown>> };
	Object.assign(globalThis, await load(`${modules}../node-datachannel/dist/esm/polyfill/index.mjs`));
	Object.assign(globalThis, { geckos: (await load(`${modules}client/lib/index.js`)).default });
}
