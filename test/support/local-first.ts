/**
 * The clients that people have today, as npm hands them out, behind one interface:
 *
 *     keys        cevitxe-signal-client 0.4
 *     documents   @localfirst/relay-client 3, bundled: its files are no module that Node reads
 *     packed      @localfirst/relay 4, bundled: it imports JSON in a way that newer versions of Node refuse
 */
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import { build } from 'esbuild';
import WebSocket from 'ws';
import { later } from './later.js';
import { Inbox } from './wait.js';

/** A socket as browsers have it; that of `ws` is one too. */
export interface PeerSocket {
	send(data: string | Uint8Array | ArrayBuffer): void;
	close(): void;
	binaryType: string;
	onmessage: ((event: { data: unknown }) => void) | null;
}

/** A peer that came or went. */
export interface Meeting {
	id: string;
	key: string;
	socket: PeerSocket;
}

export interface LocalFirstClient {
	readonly id: string;
	/** Each peer and key once more for every connection that opened. */
	readonly met: Inbox<Meeting>;
	/** The same for every connection that closed. `cevitxe-signal-client` does not tell which. */
	readonly left: Inbox<unknown>;
	/** How often the service was reached and lost; `cevitxe-signal-client` does not tell. */
	readonly reached: Inbox<void>;
	readonly lost: Inbox<void>;
	join(key: string): void;
	leave(key: string): void;
	has(id: string, key: string): boolean;
	get(id: string, key: string): PeerSocket | null | undefined;
	/** Closes the sockets to one peer. */
	dismiss(id: string): void;
	/** Leaves the service and all peers. */
	stop(): void;
}

export const DIALECTS = ['keys', 'documents', 'packed'] as const;
export type DialectName = (typeof DIALECTS)[number];

/** A client of one dialect; it is stopped after the test. */
export async function openClient(
	t: TestContext,
	dialect: DialectName,
	url: string,
	id: string,
): Promise<LocalFirstClient> {
	const client = await CLIENTS[dialect](url, id);
	later(t, () => client.stop());
	return client;
}

/** What the clients tell a test, from their own events. */
function boxes() {
	return { met: new Inbox<Meeting>(), left: new Inbox<unknown>(), reached: new Inbox<void>(), lost: new Inbox<void>() };
}

const CLIENTS: Record<DialectName, (url: string, id: string) => Promise<LocalFirstClient>> = {
	keys: async (url, id) => {
		useGlobalWebSocket();
		const { Client } = createRequire(import.meta.url)('cevitxe-signal-client') as CevitxeModule;
		const client = new Client({ id, url });
		// It comes back after 7.5 s; a test need not wait so long.
		Object.defineProperty(client, 'retryDelay', { get: () => 20, set: () => {} });
		const { met, left, reached, lost } = boxes();
		const watched = new Set<unknown>();
		client.on('peer', (peer, key) => {
			const socket = peer.get(key);
			if (socket === undefined) return;
			met.put({ id: peer.id, key, socket });
			if (watched.has(peer)) return;
			watched.add(peer);
			peer.on('close', () => left.put(peer.id));
		});
		return {
			id,
			met,
			left,
			reached,
			lost,
			join: (key) => client.join(key),
			leave: (key) => client.leave(key),
			has: (peer, key) => client.peers.get(peer)?.has(key) ?? false,
			get: (peer, key) => client.peers.get(peer)?.get(key),
			dismiss: (peer) => {
				for (const key of client.keys) client.peers.get(peer)?.close(key);
			},
			stop: () => {
				// It has no way to stop, and comes back.
				client.serverConnection.onclose = null;
				client.serverConnection.close();
				for (const key of client.keys) for (const peer of client.peers.values()) peer.close(key);
			},
		};
	},

	documents: async (url, id) => {
		useGlobalWebSocket();
		const { Client } = (await bundled('@localfirst/relay-client')) as RelayModule;
		const client = new Client({ userName: id, url });
		const { met, left, reached, lost } = boxes();
		client.on('peer.connect', ({ userName = '', documentId, socket }) =>
			met.put({ id: userName, key: documentId, socket }),
		);
		client.on('peer.disconnect', ({ userName }) => left.put(userName));
		client.on('server.connect', () => reached.put());
		client.on('server.disconnect', () => lost.put());
		client.on('error', () => {});
		return relayClient(id, client, { met, left, reached, lost });
	},

	packed: async (url, id) => {
		const { Client } = (await bundled('@localfirst/relay/Client.js')) as RelayModule;
		const client = new Client({ peerId: id, url });
		const { met, left, reached, lost } = boxes();
		client.on('peer-connect', ({ peerId = '', documentId, socket }) =>
			met.put({ id: peerId, key: documentId, socket }),
		);
		client.on('peer-disconnect', ({ peerId }) => left.put(peerId));
		client.on('server-connect', () => reached.put());
		client.on('server-disconnect', () => lost.put());
		client.on('error', () => {});
		return relayClient(id, client, { met, left, reached, lost });
	},
};

function relayClient(id: string, client: RelayClient, told: ReturnType<typeof boxes>): LocalFirstClient {
	return {
		id,
		...told,
		join: (key) => void client.join(key),
		leave: (key) => void client.leave(key),
		has: (peer, key) => client.has(peer, key),
		get: (peer, key) => client.get(peer, key),
		dismiss: (peer) => void client.disconnectPeer(peer),
		stop: () => client.disconnectServer(),
	};
}

/** What the tests use of `cevitxe-signal-client`. */
interface CevitxePeer {
	id: string;
	on(event: 'close', listener: () => void): void;
	has(key: string): boolean;
	get(key: string): PeerSocket | undefined;
	close(key: string): void;
}
interface CevitxeModule {
	Client: new (options: {
		id: string;
		url: string;
	}) => {
		keys: Set<string>;
		peers: Map<string, CevitxePeer>;
		serverConnection: { close(): void; onclose: unknown };
		on(event: 'peer', listener: (peer: CevitxePeer, key: string) => void): void;
		join(key: string): void;
		leave(key: string): void;
	};
}

/** What the tests use of the two relay clients. */
export interface RelayClient {
	readonly open: boolean;
	documentIds: Set<string>;
	on(event: string, listener: (payload: RelayPayload) => void): unknown;
	join(key: string): unknown;
	leave(key: string): unknown;
	has(id: string, key?: string): boolean;
	get(id: string, key: string): PeerSocket | null | undefined;
	disconnectPeer(id: string): unknown;
	disconnectServer(): void;
	connectToServer(): unknown;
}
interface RelayPayload {
	userName?: string;
	peerId?: string;
	documentId: string;
	socket: PeerSocket;
}
interface RelayModule {
	Client: new (options: {
		userName?: string;
		peerId?: string;
		url: string;
		documentIds?: string[];
		minRetryDelay?: number;
	}) => RelayClient;
}

/** The clients' own class, for what only one of them can do. */
export async function relayClientClass(dialect: 'documents' | 'packed'): Promise<RelayModule['Client']> {
	useGlobalWebSocket();
	const name = dialect === 'documents' ? '@localfirst/relay-client' : '@localfirst/relay/Client.js';
	return ((await bundled(name)) as RelayModule).Client;
}

/** The server of `@localfirst/relay`, for comparison. */
export async function relayServerClass(): Promise<
	new (options: {
		port: number;
	}) => { listen(options: { silent: boolean }): Promise<void>; close(): void }
> {
	return ((await bundled('@localfirst/relay/Server.js')) as { Server: never }).Server;
}

function useGlobalWebSocket(): void {
	Object.assign(globalThis, { WebSocket });
}

const bundles = new Map<string, Promise<unknown>>();

/** A package as one module: what it imports is in it, but for what Node has, and for the `ws` of clients, which is {@link quiet}. */
function bundled(name: string): Promise<unknown> {
	const existing = bundles.get(name);
	if (existing !== undefined) return existing;
	const loading = load(name);
	bundles.set(name, loading);
	return loading;
}

async function load(name: string): Promise<unknown> {
	const { outputFiles } = await build({
		stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir: import.meta.dirname },
		bundle: true,
		write: false,
		format: 'cjs',
		platform: 'node',
		external: ['msgpackr-extract', 'bufferutil', 'utf-8-validate', ...(name.endsWith('/Server.js') ? [] : ['ws'])],
		logLevel: 'error',
	});
	const module = { exports: {} };
	new Function('module', 'exports', 'require', outputFiles[0]?.text ?? '')(
		module,
		module.exports,
		createRequire(import.meta.url),
	);
	return module.exports;
}

/** In a browser a socket that fails without a listener is nobody's exception; the clients count on that. */
function quiet(sockets: typeof WebSocket): void {
	const { emit } = sockets.prototype;
	sockets.prototype.emit = function (this: WebSocket, event: string | symbol, ...args: unknown[]): boolean {
		return event === 'error' && this.listenerCount('error') === 0 ? false : emit.call(this, event, ...args);
	};
}

const near = createRequire(import.meta.url);
quiet(WebSocket);
quiet(createRequire(near.resolve('cevitxe-signal-client'))('ws') as typeof WebSocket);
