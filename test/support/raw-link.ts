/** A link whose other end says whatever a test wants. */
import type { TestContext } from 'node:test';
import WebSocket from 'ws';
import { type LinkKind, PROTOCOL, pathOf, urlBelow } from '../../src/wire/index.js';
import { Inbox, within } from './wait.js';

/** What the other end said. */
export interface Said {
	t: string;
	[key: string]: unknown;
}

export interface RawLinkOptions {
	protocols?: string[];
	headers?: Record<string, string>;
}

export class RawLink {
	readonly socket: WebSocket;
	readonly said = new Inbox<Said>();
	/** Binary frames. */
	readonly bytes = new Inbox<Buffer>();
	readonly #opened: Promise<void>;
	readonly #closed: Promise<{ code: number; reason: string }>;

	constructor(
		t: TestContext,
		url: string,
		kind: LinkKind,
		{ protocols = [PROTOCOL], headers = {} }: RawLinkOptions = {},
	) {
		this.socket = new WebSocket(urlBelow(url, pathOf(kind)), protocols, { headers, perMessageDeflate: false });
		t.after(() => this.socket.terminate());
		this.socket.on('error', () => {});
		this.socket.on('message', (data: Buffer, isBinary) => {
			if (isBinary) this.bytes.put(data);
			else this.said.put(JSON.parse(String(data)) as Said);
		});
		this.#opened = new Promise((resolve) => this.socket.once('open', () => resolve()));
		this.#closed = new Promise((resolve) => {
			this.socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
			this.socket.once('unexpected-response', (request, response) => {
				response.setEncoding('utf8');
				let reason = '';
				response.on('data', (chunk: string) => {
					reason += chunk;
				});
				response.on('end', () => {
					resolve({ code: response.statusCode ?? 0, reason });
					request.destroy();
				});
			});
		});
	}

	/** Resolves when the link is open. */
	get opened(): Promise<void> {
		return within(this.#opened, 'the link to open');
	}

	/** How the link was closed; 1006 without a closing handshake, or the status of a refused upgrade. */
	get closed(): Promise<{ code: number; reason: string }> {
		return within(this.#closed, 'the link to close');
	}

	/** Opens a link and waits until it is open. */
	static async open(...args: ConstructorParameters<typeof RawLink>): Promise<RawLink> {
		const link = new RawLink(...args);
		await link.opened;
		return link;
	}

	/** A slave that has registered, and its id. */
	static async slave(t: TestContext, url: string, data = '[1]'): Promise<{ link: RawLink; id: string }> {
		const link = await RawLink.open(t, url, 'slave');
		link.say({ t: 'register', data });
		const { id } = await link.hear('registered');
		return { link, id: String(id) };
	}

	/** A client that has been welcomed and sent the list, and its id. */
	static async client(t: TestContext, url: string): Promise<{ link: RawLink; id: string }> {
		const link = await RawLink.open(t, url, 'client');
		const { id } = await link.hear('welcome');
		await link.hear('snapshot');
		return { link, id: String(id) };
	}

	say(message: object): void {
		this.send(JSON.stringify(message));
	}

	send(frame: string | Uint8Array): void {
		this.socket.send(frame);
	}

	/** The first message of this name, from the beginning. */
	hear(t: string, is: (message: Said) => boolean = () => true): Promise<Said> {
		return this.said.find((message) => message.t === t && is(message), `"${t}"`);
	}
}
