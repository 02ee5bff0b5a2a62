/** Other people's implementations of yamux, over one end of a Node `Duplex`. */
import { once } from 'node:events';
import { type Duplex, Transform, type TransformCallback } from 'node:stream';
import { type YamuxMuxerInit, yamux } from '@chainsafe/libp2p-yamux';
import { Client, Server } from 'yamux-js';

/** libp2p's yamux pings with this, and Node 20 has not got it. */
(Promise as { withResolvers?: unknown }).withResolvers ??= function withResolvers<T>(this: PromiseConstructor) {
	let [resolve, reject]: ((value?: never) => void)[] = [];
	const promise = new this<T>((...both) => {
		[resolve, reject] = both as ((value?: never) => void)[];
	});
	return { promise, resolve, reject };
};

/** One stream of another implementation, as the tests use it. */
export interface ForeignStream {
	write(bytes: Uint8Array): void;
	/** Writes, and waits until there is room for more. */
	poured(bytes: Uint8Array): Promise<void>;
	/** Ends its direction. */
	end(): void;
	onData(listener: (bytes: Buffer) => void): void;
	/** Called when the other end ends its direction; not every implementation tells. */
	onEnd(listener: () => void): void;
	onReset(listener: () => void): void;
	reset?(): void;
}

/** One session of another implementation. */
export interface Foreign {
	open(): Promise<ForeignStream>;
	onStream(listener: (stream: ForeignStream) => void): void;
	ping(): Promise<void>;
	close(): Promise<void>;
	/** How many streams it counts as open. */
	size(): number;
}

const HEADER_BYTES = 12;

/**
 * Gives one whole frame at a time: yamux-js 0.2.0 drops a frame, or a header, that does not arrive in one piece.
 */
class WholeFrames extends Transform {
	#parts: Buffer[] = [];
	#have = 0;
	#needed = HEADER_BYTES;

	override _transform(chunk: Buffer, _encoding: BufferEncoding, next: TransformCallback): void {
		this.#parts.push(chunk);
		this.#have += chunk.length;
		if (this.#have >= this.#needed) this.#cut();
		next();
	}

	#cut(): void {
		let bytes = Buffer.concat(this.#parts);
		for (;;) {
			const hasHeader = bytes.length >= HEADER_BYTES;
			const isData = hasHeader && bytes.readUInt8(1) === 0;
			this.#needed = HEADER_BYTES + (isData ? bytes.readUInt32BE(8) : 0);
			if (!hasHeader || bytes.length < this.#needed) break;
			this.push(Buffer.from(bytes.subarray(0, this.#needed)));
			bytes = bytes.subarray(this.#needed);
		}
		this.#parts = [bytes];
		this.#have = bytes.length;
	}
}

/** What yamux-js keeps to itself and a test has to see. */
interface YamuxJsInside {
	streams: Map<number, unknown>;
	pings: Map<number, unknown>;
	ping(): void;
	onStream: (stream: YamuxJsStream) => void;
}

interface YamuxJsStream extends Duplex {
	sendWindow: number;
	ID(): number;
	close(): void;
}

/** yamux-js. It does not look at FIN, and cannot reset. */
export function yamuxJs(socket: Duplex, client: boolean): Foreign {
	const config = { enableKeepAlive: false, logger: () => {} };
	let told: (stream: ForeignStream) => void = () => {};
	const session = client ? new Client(config) : new Server(() => {}, config);
	const inside = session as unknown as YamuxJsInside;
	inside.onStream = (stream) => told(show(stream));
	session.on('error', () => {});
	socket.pipe(new WholeFrames()).pipe(session).pipe(socket);
	const show = (stream: YamuxJsStream): ForeignStream => ({
		write: (bytes) => stream.write(bytes),
		poured: async (bytes) => {
			// With its window used up it looks for more ten times a second only, so it had better not come to that.
			while (stream.sendWindow < bytes.length) await new Promise((resolve) => setImmediate(resolve));
			if (!stream.write(bytes)) await once(stream, 'drain');
		},
		end: () => {
			// Its end() says nothing to the other side; close() may pass what still waits for the window.
			if (stream.writableLength === 0) stream.close();
			else stream.once('drain', () => stream.close());
		},
		onData: (listener) => stream.on('data', listener),
		onEnd: () => {},
		onReset: (listener) => {
			const look = setInterval(() => {
				if (inside.streams.has(stream.ID())) return;
				clearInterval(look);
				listener();
			}, 5);
		},
	});
	return {
		open: async () => show(session.open() as unknown as YamuxJsStream),
		onStream: (listener) => {
			told = listener;
		},
		ping: async () => {
			inside.ping();
			while (inside.pings.size > 0) await new Promise((resolve) => setTimeout(resolve, 2));
		},
		close: async () => session.close(),
		size: () => inside.streams.size,
	};
}

type Muxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>;
type Connection = Parameters<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>[0];
type LibStream = Awaited<ReturnType<Muxer['createStream']>>;

/** As much of libp2p's connection as its yamux uses. */
function connectionOver(socket: Duplex, client: boolean): Connection {
	const quiet = Object.assign(() => {}, { trace() {}, error() {}, enabled: false, newScope: () => quiet });
	const connection = Object.assign(new EventTarget(), {
		direction: client ? 'outbound' : 'inbound',
		status: 'open',
		log: quiet,
		send: (bytes: { subarray(): Uint8Array }) => socket.write(Uint8Array.from(bytes.subarray())),
		abort: () => socket.destroy(),
	});
	const tell = (type: string, data?: Uint8Array) => connection.dispatchEvent(Object.assign(new Event(type), { data }));
	socket.on('data', (bytes: Buffer) => tell('message', bytes));
	socket.on('drain', () => tell('drain'));
	socket.on('close', () => tell('close'));
	return connection as unknown as Connection;
}

/** @chainsafe/libp2p-yamux. */
export function libp2pYamux(socket: Duplex, client: boolean): Foreign {
	const init: Partial<YamuxMuxerInit> = {
		enableKeepAlive: false,
		maxInboundStreams: 20_000,
		maxOutboundStreams: 20_000,
	};
	const muxer = yamux(init)().createStreamMuxer(connectionOver(socket, client));
	const show = (stream: LibStream): ForeignStream => ({
		write: (bytes) => {
			stream.send(bytes);
		},
		poured: async (bytes) => {
			if (!stream.send(bytes)) await stream.onDrain();
		},
		end: () => {
			void stream.close().catch(() => {});
		},
		onData: (listener) => {
			stream.addEventListener('message', (event) => listener(Buffer.from(event.data.subarray())));
		},
		onEnd: (listener) => stream.addEventListener('remoteCloseWrite', () => listener()),
		onReset: (listener) => {
			stream.addEventListener('close', (event) => {
				if ((event as unknown as { error?: Error }).error !== undefined) listener();
			});
		},
		reset: () => stream.abort(new Error('enough')),
	});
	return {
		open: async () => show(await muxer.createStream()),
		onStream: (listener) => {
			muxer.addEventListener('stream', (event) => listener(show(event.detail)));
		},
		ping: async () => {
			await (muxer as unknown as { ping(): Promise<number> }).ping();
		},
		close: () => muxer.close(),
		size: () => muxer.streams.length,
	};
}
