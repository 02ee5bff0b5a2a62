import {
	Session,
	type SessionHandler,
	type SessionOptions,
	type Stream,
	type StreamHandler,
} from '../../src/mux/index.js';

/** A frame's bytes, written out: version 0, the numbers in network order. */
export function frame(type: number, flags: number, id: number, length: number, data: Uint8Array | string = ''): Buffer {
	const header = Buffer.alloc(12);
	header.writeUInt8(type, 1);
	header.writeUInt16BE(flags, 2);
	header.writeUInt32BE(id, 4);
	header.writeUInt32BE(length, 8);
	return Buffer.concat([header, Buffer.from(data as string)]);
}

export const [DATA, WINDOW, PING, GO_AWAY] = [0, 1, 2, 3];
export const [SYN, ACK, FIN, RST] = [1, 2, 4, 8];

/** A data frame with its data. */
export const data = (id: number, text: Uint8Array | string, flags = 0): Buffer =>
	frame(DATA, flags, id, Buffer.from(text as string).length, text);

/** Frames as a person reads them, `window SYN 1 0` for example; a data frame ends with its data. */
export function readFrames(bytes: Buffer): string[] {
	const read: string[] = [];
	for (let at = 0; at < bytes.length; ) {
		const type = bytes.readUInt8(at + 1);
		const flags = bytes.readUInt16BE(at + 2);
		const length = bytes.readUInt32BE(at + 8);
		const names = ['SYN', 'ACK', 'FIN', 'RST'].filter((_, bit) => (flags & (1 << bit)) !== 0).join('|') || '-';
		const words = [['data', 'window', 'ping', 'go-away'][type], names, bytes.readUInt32BE(at + 4)];
		at += 12;
		if (type === DATA) {
			words.push(bytes.toString('latin1', at, at + length));
			at += length;
		} else words.push(length);
		read.push(words.join(' '));
	}
	return read;
}

/** A session under test: what happened, what it wants to send, and its streams with what arrived on them. */
export class Probe {
	readonly session: Session;
	readonly events: string[] = [];
	readonly opened: Stream[] = [];
	readonly received = new Map<number, Buffer[]>();
	/** Whether data counts as used up when it arrives. */
	isReading = true;
	/** Whether streams of the other end are taken. */
	isTaking = true;
	now = 1000;

	constructor(options: Partial<SessionOptions> = {}) {
		const handler: SessionHandler = {
			opened: (stream) => {
				this.events.push(`opened ${stream.id}`);
				if (!this.isTaking) return;
				this.opened.push(stream);
				this.watch(stream);
				this.session.accept(stream);
			},
			ready: () => {},
			ponged: (rtt) => this.events.push(`ponged ${rtt}`),
			leaving: () => this.events.push('leaving'),
			stopped: (why) => this.events.push(`stopped ${why}`),
		};
		this.session = new Session({ client: true, ...options }, handler);
	}

	open(): Stream {
		const stream = this.session.open();
		this.watch(stream);
		return stream;
	}

	watch(stream: Stream): void {
		const { id } = stream;
		const parts: Buffer[] = [];
		this.received.set(id, parts);
		const handler: StreamHandler = {
			data: (bytes) => {
				parts.push(Buffer.from(bytes));
				if (this.isReading) this.session.consume(stream, bytes.length, this.now);
			},
			ended: () => this.events.push(`ended ${id}`),
			accepted: () => this.events.push(`accepted ${id}`),
			sent: () => this.events.push(`sent ${id}`),
			broken: (why) => this.events.push(`broken ${id} ${why}`),
		};
		stream.handler = handler;
	}

	receive(...parts: Uint8Array[]): void {
		this.session.receive(Buffer.concat(parts), this.now);
	}

	/** All that it wants to send, as bytes that have left. */
	pull(limit = 64 * 1024): Buffer {
		const pieces: Uint8Array[] = [];
		for (let batch = this.session.pull(limit); batch !== undefined; batch = this.session.pull(limit)) {
			pieces.push(...batch.pieces.map((piece) => Buffer.from(piece)));
			this.session.sent(batch);
		}
		return Buffer.concat(pieces);
	}

	/** All that it wants to send, as frames. */
	frames(limit?: number): string[] {
		return readFrames(this.pull(limit));
	}

	text(id: number): string {
		return Buffer.concat(this.received.get(id) ?? []).toString();
	}
}

/** Lets two sessions talk until neither has anything to say; `cut` cuts what is sent into pieces. */
export function talk(a: Probe, b: Probe, cut: (bytes: Buffer) => Buffer[] = (bytes) => [bytes]): void {
	for (let silent = 0; silent < 2; ) {
		const bytes = a.pull();
		silent = bytes.length === 0 ? silent + 1 : 0;
		for (const part of cut(bytes)) b.receive(part);
		[a, b] = [b, a];
	}
}
