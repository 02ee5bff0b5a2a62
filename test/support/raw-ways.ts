/** Ways through a master, from an end that does with them whatever a test wants. */
import { LinkMux, NO_HANDLER, StreamHead, streamHead } from '../../src/mux/host/link-mux.js';
import type { Stream } from '../../src/mux/stream.js';
import type { RawLink } from './raw-link.js';
import { Inbox, within } from './wait.js';

/** One end of a session's way. */
export class RawWay {
	readonly stream: Stream;
	readonly #mux: LinkMux;
	/** Bytes that arrived. */
	bytes = 0;
	/** What arrived, as text. */
	readonly heard = new Inbox<string>();
	/** Whether what arrives is used up. */
	reads = true;
	/** How it ended: `ended`, or why it was reset. */
	readonly over: Promise<string>;
	#held = 0;

	constructor(mux: LinkMux, stream: Stream) {
		this.#mux = mux;
		this.stream = stream;
		const over = new Promise<string>((resolve) => {
			stream.handler = {
				...NO_HANDLER,
				data: (bytes) => this.take(bytes),
				ended: () => resolve('ended'),
				broken: (why) => resolve(why),
			};
		});
		this.over = within(over, 'the way to end');
		this.over.catch(() => {});
	}

	take(bytes: Uint8Array): void {
		this.bytes += bytes.length;
		if (bytes.length < 1000) this.heard.put(Buffer.from(bytes).toString());
		else this.heard.put(`${bytes.length} bytes`);
		if (this.reads) this.#mux.consume(this.stream, bytes.length);
		else this.#held += bytes.length;
	}

	/** Uses up what has arrived, and what will. */
	readOn(): void {
		this.reads = true;
		this.#mux.consume(this.stream, this.#held);
		this.#held = 0;
	}

	write(data: string | Uint8Array): void {
		this.#mux.session.write(this.stream, typeof data === 'string' ? Buffer.from(data) : data);
	}

	end(): void {
		this.#mux.session.end(this.stream);
	}

	/** Resolves when so many bytes have arrived. */
	async arrived(bytes: number): Promise<void> {
		await this.heard.find(() => this.bytes >= bytes, `${bytes} bytes`);
	}
}

/** All ways of a link. */
export class RawWays {
	readonly mux: LinkMux;
	/** Ways that were opened from the other side, and the session of each. */
	readonly opened = new Inbox<{ session: string; way: RawWay }>();

	constructor(link: RawLink) {
		const mux: LinkMux = new LinkMux(true, {
			get bufferedAmount() {
				return link.socket.bufferedAmount;
			},
			sendBytes: (frames) => {
				for (const frame of frames) link.send(frame);
			},
			opened: (stream) => this.#opened(stream),
			broken: () => link.socket.terminate(),
		});
		this.mux = mux;
		link.socket.on('message', (data: Buffer, isBinary) => {
			if (isBinary) mux.receive(data);
		});
		link.socket.on('close', () => mux.close());
	}

	/** Opens a way for a session. */
	open(session: string): RawWay {
		const stream = this.mux.session.open();
		this.mux.session.write(stream, streamHead(session));
		return new RawWay(this.mux, stream);
	}

	/** The last way that was opened for a session. */
	async wayOf(session: string, nth = 1): Promise<RawWay> {
		const of = () => this.opened.items.filter((each) => each.session === session);
		await this.opened.find(() => of().length >= nth, `a way of "${session}"`);
		return (of()[nth - 1] as { way: RawWay }).way;
	}

	#opened(stream: Stream): void {
		const head = new StreamHead();
		let way: RawWay | undefined;
		stream.handler = {
			...NO_HANDLER,
			data: (bytes) => {
				const read = way === undefined ? head.push(bytes) : undefined;
				if (read === undefined) return;
				way = new RawWay(this.mux, stream);
				this.mux.consume(stream, bytes.length - read.rest.length);
				if (read.rest.length > 0) way.take(read.rest);
				this.opened.put({ session: read.session, way });
			},
		};
	}
}
