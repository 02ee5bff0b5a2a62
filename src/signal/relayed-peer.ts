/**
 * Data channels over a piped socket, behind the interface of a WebRTC connection: where no path is found, a session runs
 * over this instead, and everything above it is the same.
 *
 * Each binary message is a frame. Texts on the same socket belong to somebody else.
 *
 *     channel id (16 bits, big-endian) | kind (8 bits) | content
 *
 *     0 open    JSON {"label", "protocol"}: the sender opens the channel
 *     1 text    a message, UTF-8
 *     2 bytes   a message
 *     3 close   the channel is closed; answered with the same before the id is used again
 *
 * As with SCTP streams the id's parity says who opened the channel, unless both created it.
 */
import type { DataChannelOptions, RtcChannel, RtcChannelHandlers, RtcPeer, RtcPeerHandlers } from '../peer/index.js';
// Of no host: what browsers refuse themselves.
import { checkChannel } from '../peer/node/check-channel.js';
import { CONTROL_CHANNEL, rethrowLater } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import type { PipedSocket, SocketCloseEvent, SocketMessageEvent } from './piped-socket.js';

const OPEN = 0;
const TEXT = 1;
const BYTES = 2;
const CLOSE = 3;

const HEAD_BYTES = 3;

/** How often, in milliseconds, a socket is asked whether enough has left: it has no event for that. */
const DRAIN_POLL = 10;

/** A connection that is open from the beginning, over a socket that is. */
export class RelayedPeer implements RtcPeer {
	readonly #socket: PipedSocket;
	readonly #handlers: RtcPeerHandlers;
	readonly #channels = new Map<number, RelayedChannel>();
	/** The first id that this end gives. */
	readonly #parity: 0 | 1;
	#closed = false;

	/** @param opens whether this end has the even ids; the other end has not */
	constructor(socket: PipedSocket, opens: boolean, handlers: RtcPeerHandlers) {
		this.#socket = socket;
		this.#handlers = handlers;
		this.#parity = opens ? 0 : 1;
		socket.on('message', this.#hear);
		socket.on('close', this.#lost);
	}

	createChannel(label: string, options: DataChannelOptions): RtcChannel {
		if (label !== CONTROL_CHANNEL.label || options.id !== CONTROL_CHANNEL.id) checkChannel(label, options);
		const id = options.negotiated === true ? Number(options.id) : this.#freeId();
		if (this.#channels.has(id)) throw new TypeError(`there is a data channel with the id ${id} already`);
		const channel = this.#add(id, label, options.protocol ?? '');
		if (options.negotiated !== true) {
			this.send(id, OPEN, encode(JSON.stringify({ label, protocol: channel.protocol })));
		}
		return channel;
	}

	/** There is nothing to describe. */
	offer(): void {}

	/** There is nothing to describe. */
	accept(): void {}

	/** There are no candidates. */
	addCandidate(): void {}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#socket.off('message', this.#hear).off('close', this.#lost);
		for (const channel of this.#channels.values()) channel.mute();
		this.#socket.close();
	}

	/** Bytes that wait in the socket, of all channels together. @internal */
	get bufferedAmount(): number {
		return this.#socket.bufferedAmount;
	}

	/** @internal */
	send(id: number, kind: number, content: Uint8Array = NOTHING): void {
		// A connection that has just died takes messages and loses them, as in a browser.
		if (this.#closed || this.#socket.readyState !== 'open') return;
		const frame = new Uint8Array(HEAD_BYTES + content.length);
		frame[0] = id >> 8;
		frame[1] = id;
		frame[2] = kind;
		frame.set(content, HEAD_BYTES);
		this.#socket.send(frame);
	}

	/** The channel is closed on both ends. @internal */
	forget(id: number): void {
		this.#channels.delete(id);
	}

	#add(id: number, label: string, protocol: string): RelayedChannel {
		const channel = new RelayedChannel(this, id, label, protocol);
		this.#channels.set(id, channel);
		return channel;
	}

	#freeId(): number {
		for (let id: number = this.#parity; id <= LIMITS.channelIdMost; id += 2) if (!this.#channels.has(id)) return id;
		throw new TypeError('there is no channel id left');
	}

	readonly #hear = ({ data }: SocketMessageEvent): void => {
		if (typeof data === 'string') return;
		const frame = new Uint8Array(data);
		const [high = 0, low = 0, kind] = frame;
		const id = high * 256 + low;
		const content = frame.subarray(HEAD_BYTES);
		if (kind === OPEN) this.#accept(id, content);
		else if (kind === TEXT || kind === BYTES || kind === CLOSE) this.#pass(id, kind, content);
		else this.#broken();
	};

	#accept(id: number, content: Uint8Array): void {
		const opening = readOpening(content);
		if (opening === undefined || id % 2 === this.#parity || id > LIMITS.channelIdMost) {
			this.#broken();
			return;
		}
		// Another one than both agreed on has the id already: this one cannot be.
		if (this.#channels.has(id)) this.send(id, CLOSE);
		else this.#handlers.channel(this.#add(id, opening.label, opening.protocol));
	}

	#pass(id: number, kind: number, content: Uint8Array): void {
		const channel = this.#channels.get(id);
		if (channel === undefined) return;
		if (kind === CLOSE) channel.closedThere();
		else channel.heard(kind === TEXT ? decode(content) : content.slice().buffer);
	}

	/** The other end does not keep to the rules. */
	#broken(): void {
		this.#handlers.failed('the other end does not speak the protocol of relayed channels');
	}

	readonly #lost = (_event: SocketCloseEvent): void => {
		this.#handlers.state('closed');
	};
}

/**
 *     open ──▶ closing ──▶ closed
 *      └──────────────────▲
 */
class RelayedChannel implements RtcChannel {
	readonly label: string;
	readonly protocol: string;
	readonly id: number;
	readonly maxMessageSize = LIMITS.relayedMessageBytes;
	readonly #peer: RelayedPeer;
	#handlers: RtcChannelHandlers | undefined;
	/** What happened before there were handlers. */
	#early: ((handlers: RtcChannelHandlers) => void)[] = [];
	#state: 'open' | 'closing' | 'closed' = 'open';
	#muted = false;
	/** Told when no more than this is waiting; `undefined` while nobody asked. */
	#lowThreshold: number | undefined;
	#draining: unknown;

	constructor(peer: RelayedPeer, id: number, label: string, protocol: string) {
		this.#peer = peer;
		this.id = id;
		this.label = label;
		this.protocol = protocol;
	}

	get bufferedAmount(): number {
		return this.#peer.bufferedAmount;
	}

	attach(handlers: RtcChannelHandlers): void {
		queueMicrotask(() => {
			this.#handlers = handlers;
			handlers.open();
			for (const happened of this.#early.splice(0)) if (!this.#muted) happened(handlers);
		});
	}

	setLowThreshold(bytes: number): void {
		this.#lowThreshold = bytes;
		this.#watch();
	}

	sendText(text: string): void {
		this.#send(TEXT, encode(text));
	}

	sendBytes(bytes: Uint8Array): void {
		this.#send(BYTES, bytes);
	}

	close(): void {
		if (this.#state !== 'open') return;
		this.#state = 'closing';
		this.#peer.send(this.id, CLOSE);
		// The other end answers; nobody here has to wait for that.
		queueMicrotask(() => this.#tell((handlers) => handlers.closed()));
	}

	/** Says nothing more. */
	mute(): void {
		this.#muted = true;
		clearTimeout(this.#draining);
	}

	heard(data: string | ArrayBuffer): void {
		if (this.#state === 'open') this.#tell((handlers) => handlers.message(data));
	}

	closedThere(): void {
		const wasOpen = this.#state === 'open';
		this.#state = 'closed';
		this.#peer.forget(this.id);
		if (!wasOpen) return;
		this.#peer.send(this.id, CLOSE);
		this.#tell((handlers) => handlers.closed());
	}

	#send(kind: number, content: Uint8Array): void {
		if (this.#state !== 'open') return;
		this.#peer.send(this.id, kind, content);
		this.#watch();
	}

	/** Looks whether enough has left, as long as there is more than that. */
	#watch(): void {
		const threshold = this.#lowThreshold;
		if (threshold === undefined || this.#draining !== undefined || this.bufferedAmount <= threshold) return;
		const look = (): void => {
			this.#draining = undefined;
			if (this.#state !== 'open' || this.#muted) return;
			if (this.bufferedAmount > (this.#lowThreshold ?? 0)) this.#draining = setTimeout(look, DRAIN_POLL);
			else this.#tell((handlers) => handlers.low());
		};
		this.#draining = setTimeout(look, DRAIN_POLL);
	}

	#tell(happened: (handlers: RtcChannelHandlers) => void): void {
		if (this.#muted) return;
		if (this.#handlers === undefined) {
			this.#early.push(happened);
			return;
		}
		try {
			happened(this.#handlers);
		} catch (thrown) {
			rethrowLater(thrown);
		}
	}
}

const NOTHING = new Uint8Array(0);

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function readOpening(content: Uint8Array): { label: string; protocol: string } | undefined {
	try {
		const { label, protocol } = JSON.parse(decode(content)) as Record<string, unknown>;
		return typeof label === 'string' && typeof protocol === 'string' ? { label, protocol } : undefined;
	} catch {
		return undefined;
	}
}
