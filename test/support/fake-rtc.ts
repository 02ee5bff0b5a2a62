/** Paths whose every event a test makes itself: WebRTC, and a way through the master. */

import type { OpenRelay, RelayHandlers } from '../../src/peer/carrier.js';
import { BYTES, type Frame, readFrame, TEXT, writeFrame } from '../../src/peer/frames.js';
import type { Message } from '../../src/peer/numbering.js';
import type {
	CreatePeer,
	Delivery,
	RtcChannel,
	RtcChannelHandlers,
	RtcPeer,
	RtcPeerHandlers,
} from '../../src/peer/rtc.js';

/** What a control message's text says. */
export type Said = Record<string, unknown>;

/** Frames as this end sent them, and those of the other end as a test makes them. */
abstract class FakeTrunk {
	#numbers = 0;

	/** The frames that were sent. */
	abstract get frames(): Frame[];
	/** A frame of the other end arrives. */
	abstract frame(bytes: Uint8Array): void;

	/** What was said about the session. */
	get said(): Said[] {
		return this.frames
			.filter(({ kind, channel }) => kind === TEXT && channel === 0)
			.map(({ data }) => JSON.parse(String(data)) as Said);
	}

	/** The messages of a channel that were sent, with their numbers. */
	messages(channel: number): [number: number, data: string | ArrayBuffer][] {
		return this.frames
			.filter((each) => each.kind <= BYTES && each.channel === channel)
			.map(({ number, data }) => [number, data]);
	}

	/** The numbers of the acknowledgements, pings or pongs that were sent. */
	numbers(kind: number, channel = 0): number[] {
		return this.frames.filter((each) => each.kind === kind && each.channel === channel).map(({ number }) => number);
	}

	/** The other end sends a frame. */
	hear(kind: number, channel: number, number: number, payload?: Message): void {
		this.frame(writeFrame(kind, channel, number, payload));
	}

	/** The other end says something about the session, the next thing unless a number is given. */
	say(message: object | string, number = this.#numbers++): void {
		this.hear(TEXT, 0, number, typeof message === 'string' ? message : JSON.stringify(message));
	}
}

export class FakeChannel extends FakeTrunk implements RtcChannel {
	readonly sent: (string | Uint8Array)[] = [];
	readonly label: string;
	readonly id: number;
	readonly delivery: Delivery;
	bufferedAmount = 0;
	lowThreshold: number | undefined;
	closed = false;
	/** What `send` throws, if anything. */
	problem: Error | undefined;
	handlers: RtcChannelHandlers = { open() {}, message() {}, low() {}, closed() {} };

	constructor(label: string, id: number, delivery: Delivery = {}) {
		super();
		this.label = label;
		this.id = id;
		this.delivery = delivery;
	}

	get frames(): Frame[] {
		return this.sent.map((each) => readFrame(each as Uint8Array) as Frame);
	}

	frame(bytes: Uint8Array): void {
		this.handlers.message(bytes.slice().buffer as ArrayBuffer);
	}

	get bufferedAmountLowThreshold(): number {
		return this.lowThreshold ?? 0;
	}

	set bufferedAmountLowThreshold(bytes: number) {
		this.lowThreshold = bytes;
	}

	attach(handlers: RtcChannelHandlers): void {
		this.handlers = handlers;
	}

	close(): void {
		this.closed = true;
		queueMicrotask(() => this.handlers.closed());
	}

	send(data: string | Uint8Array): void {
		if (this.problem !== undefined) throw this.problem;
		this.sent.push(data);
	}
}

export class FakePeer implements RtcPeer {
	readonly maxMessageSize = 256 * 1024;
	readonly handlers: RtcPeerHandlers;
	readonly channels: FakeChannel[] = [];
	readonly calls: string[] = [];
	/** Methods that throw. */
	readonly problems: Partial<Record<'offer' | 'accept' | 'createChannel', Error>>;

	constructor(handlers: RtcPeerHandlers, problems: FakePeer['problems'] = {}) {
		this.handlers = handlers;
		this.problems = problems;
	}

	createChannel(label: string, id: number, delivery: Delivery): FakeChannel {
		this.#call('createChannel', label);
		if (this.channels.some((each) => each.id === id && !each.closed)) throw new Error(`stream ${id} is in use`);
		const channel = new FakeChannel(label, id, delivery);
		this.channels.push(channel);
		return channel;
	}

	offer(): void {
		this.#call('offer');
	}

	accept(type: string, sdp: string): void {
		this.#call('accept', type, sdp);
	}

	addCandidate(candidate: string): void {
		this.calls.push(`addCandidate ${candidate}`);
	}

	close(): void {
		this.calls.push('close');
	}

	get closed(): boolean {
		return this.calls.includes('close');
	}

	/** The stream of the session itself. */
	get trunk(): FakeChannel {
		return this.channel('enslavism');
	}

	/** The channel of this label that was made last. */
	channel(label: string): FakeChannel {
		const found = this.channels.findLast((each) => each.label === label);
		if (found === undefined) throw new Error(`there is no channel "${label}"`);
		return found;
	}

	/** Describes itself, as a host does when it was asked to. */
	describe(type: 'offer' | 'answer'): void {
		this.handlers.description(type, 'v=0\r\na=setup:actpass\r\n');
	}

	/** Connects. */
	open(): FakeChannel {
		this.handlers.state('connected');
		this.trunk.handlers.open();
		return this.trunk;
	}

	#call(method: 'offer' | 'accept' | 'createChannel', ...args: string[]): void {
		this.calls.push([method, ...args].join(' '));
		const problem = this.problems[method];
		if (problem !== undefined) throw problem;
	}
}

/** A host that gives out fake connections, and keeps them. */
export function fakeHost(): {
	createPeer: CreatePeer;
	readonly peers: FakePeer[];
	/** The last one. */
	peer(): FakePeer;
	/** What the next ones throw. */
	problems: FakePeer['problems'];
} {
	const peers: FakePeer[] = [];
	const problems: FakePeer['problems'] = {};
	return {
		createPeer: (_config, handlers) => {
			peers.push(new FakePeer(handlers, problems));
			return peers.at(-1) as FakePeer;
		},
		peers,
		peer: () => peers.at(-1) as FakePeer,
		problems,
	};
}

/** One end of a way through the master. */
export class FakePipe extends FakeTrunk {
	readonly kind = 'relay';
	readonly frames: Frame[] = [];
	queued = 0;
	closed = false;
	readonly handlers: RelayHandlers;

	constructor(handlers: RelayHandlers) {
		super();
		this.handlers = handlers;
	}

	send(kind: number, channel: number, number: number, payload?: Message): void {
		if (!this.closed) this.frames.push(readFrame(writeFrame(kind, channel, number, payload)) as Frame);
	}

	frame(bytes: Uint8Array): void {
		this.handlers.frame(readFrame(bytes));
	}

	close(): void {
		this.closed = true;
	}
}

/** Ways through the master as a session opens them, in order. */
export function fakeRelay(): { open: OpenRelay; readonly pipes: FakePipe[]; pipe(): FakePipe; up: boolean } {
	const pipes: FakePipe[] = [];
	const relay = {
		up: true,
		pipes,
		pipe: () => pipes.at(-1) as FakePipe,
		open: (handlers: RelayHandlers) => {
			if (!relay.up) return undefined;
			pipes.push(new FakePipe(handlers));
			return relay.pipe();
		},
	};
	return relay;
}
