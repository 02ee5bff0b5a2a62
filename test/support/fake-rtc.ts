/** Paths whose every event a test makes itself: WebRTC, and a way through the master. */

import type { OpenRelay, RelayHandlers } from '../../src/peer/carrier.js';
import { BYTES, type Frame, readFrame, TEXT, writeFrame } from '../../src/peer/frames.js';
import type { Message } from '../../src/peer/numbering.js';
import type { CreatePeer, RtcChannel, RtcDescription, RtcPeer, RtcState, StreamOptions } from '../../src/peer/rtc.js';

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
	readonly delivery: Omit<StreamOptions, 'negotiated' | 'id'>;
	binaryType = 'blob';
	onopen: RtcChannel['onopen'] = null;
	onmessage: RtcChannel['onmessage'] = null;
	onbufferedamountlow: RtcChannel['onbufferedamountlow'] = null;
	onclose: RtcChannel['onclose'] = null;
	bufferedAmount = 0;
	lowThreshold: number | undefined;
	closed = false;
	/** What `send` throws, if anything. */
	problem: Error | undefined;
	/** What the host tells. */
	readonly handlers = {
		open: () => this.onopen?.(),
		message: (data: string | ArrayBuffer) => this.onmessage?.({ data }),
		low: () => this.onbufferedamountlow?.(),
		closed: () => this.onclose?.(),
	};

	constructor(label: string, { negotiated: _, id, ...delivery }: StreamOptions) {
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

	close(): void {
		this.closed = true;
		queueMicrotask(() => this.handlers.closed());
	}

	send(data: string | Uint8Array): void {
		if (this.problem !== undefined) throw this.problem;
		this.sent.push(data);
	}
}

/** A promise whose callbacks are called at once: then a test need not wait for what it has made happen. */
class Settled<T> implements PromiseLike<T> {
	#callbacks: (() => void)[] | undefined = [];
	#value!: T;
	#problem: unknown;

	static of<T>(value: T, problem?: unknown): Settled<T> {
		const settled = new Settled<T>();
		settled.settle(value, problem);
		return settled;
	}

	settle(value: T, problem?: unknown): void {
		this.#value = value;
		this.#problem = problem;
		const callbacks = this.#callbacks ?? [];
		this.#callbacks = undefined;
		for (const each of callbacks) each();
	}

	// biome-ignore lint/suspicious/noThenProperty: it is a promise
	then<A = T, B = never>(
		resolved?: ((value: T) => A | PromiseLike<A>) | null,
		rejected?: ((problem: unknown) => B | PromiseLike<B>) | null,
	): PromiseLike<A | B> {
		const next = new Settled<A | B>();
		const call = (): void => {
			if (this.#problem !== undefined && !rejected) next.settle(undefined as A, this.#problem);
			else {
				const value = this.#problem === undefined ? resolved?.(this.#value) : rejected?.(this.#problem);
				if (value instanceof Settled) {
					value.then(
						(inner) => next.settle(inner),
						(problem) => next.settle(undefined as A, problem),
					);
				} else next.settle(value as A);
			}
		};
		if (this.#callbacks) this.#callbacks.push(call);
		else call();
		return next;
	}
}

export class FakePeer implements RtcPeer {
	connectionState: RtcState = 'new';
	localDescription: RtcPeer['localDescription'] = null;
	onconnectionstatechange: RtcPeer['onconnectionstatechange'] = null;
	onicecandidate: RtcPeer['onicecandidate'] = null;
	/** What the host tells. */
	readonly handlers = {
		state: (state: RtcState) => {
			this.connectionState = state;
			this.onconnectionstatechange?.();
		},
		candidate: (candidate: string, sdpMid: string) => this.onicecandidate?.({ candidate: { candidate, sdpMid } }),
	};
	#answers = false;
	#described = new Settled<void>();
	readonly channels: FakeChannel[] = [];
	readonly calls: string[] = [];
	/** Methods that throw. */
	readonly problems: Partial<Record<'offer' | 'accept' | 'createChannel', Error>>;

	constructor(problems: FakePeer['problems'] = {}) {
		this.problems = problems;
	}

	createDataChannel(label: string, options: StreamOptions): FakeChannel {
		this.#call('createChannel', label);
		if (this.problems.createChannel) throw this.problems.createChannel;
		if (this.channels.some(({ id, closed }) => id === options.id && !closed)) throw new Error('the stream is in use');
		const channel = new FakeChannel(label, options);
		this.channels.push(channel);
		return channel;
	}

	setLocalDescription(): PromiseLike<void> {
		if (this.#answers) return this.#described;
		this.#call('offer');
		return this.problems.offer ? Settled.of(undefined, this.problems.offer) : this.#described;
	}

	setRemoteDescription({ type, sdp }: RtcDescription): PromiseLike<void> {
		this.#call('accept', type, sdp);
		this.#answers ||= type === 'offer';
		return Settled.of(undefined, this.problems.accept);
	}

	addIceCandidate({ candidate }: { candidate: string }): PromiseLike<void> {
		this.calls.push(`addCandidate ${candidate}`);
		return Settled.of(undefined);
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
		this.localDescription = { type, sdp: 'v=0\r\na=setup:actpass\r\n' };
		this.#described.settle();
	}

	/** Connects. */
	open(): FakeChannel {
		this.handlers.state('connected');
		this.trunk.handlers.open();
		return this.trunk;
	}

	#call(method: 'offer' | 'accept' | 'createChannel', ...args: string[]): void {
		this.calls.push([method, ...args].join(' '));
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
		createPeer: () => {
			peers.push(new FakePeer(problems));
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
