/** WebRTC whose every event a test makes itself. */
import type {
	CreatePeer,
	DataChannelOptions,
	RtcChannel,
	RtcChannelHandlers,
	RtcPeer,
	RtcPeerHandlers,
} from '../../src/peer/rtc.js';

export class FakeChannel implements RtcChannel {
	readonly label: string;
	readonly protocol: string;
	readonly id: number | null;
	readonly sent: (string | Uint8Array)[] = [];
	bufferedAmount = 0;
	maxMessageSize = 256 * 1024;
	lowThreshold: number | undefined;
	closed = false;
	/** What `send` throws, if anything. */
	problem: Error | undefined;
	handlers: RtcChannelHandlers = { open() {}, message() {}, low() {}, error() {}, closed() {} };

	constructor(label: string, { protocol = '', id }: DataChannelOptions, number: number) {
		this.label = label;
		this.protocol = protocol;
		this.id = id ?? number;
	}

	attach(handlers: RtcChannelHandlers): void {
		this.handlers = handlers;
	}

	setLowThreshold(bytes: number): void {
		this.lowThreshold = bytes;
	}

	sendText(text: string): void {
		this.#send(text);
	}

	sendBytes(bytes: Uint8Array): void {
		this.#send(bytes);
	}

	close(): void {
		this.closed = true;
		this.handlers.closed();
	}

	/** The messages sent, each as an object. */
	get said(): Record<string, unknown>[] {
		return this.sent.map((each) => JSON.parse(String(each)) as Record<string, unknown>);
	}

	/** The other end said this. */
	hear(message: object): void {
		this.handlers.message(JSON.stringify(message));
	}

	#send(data: string | Uint8Array): void {
		if (this.problem !== undefined) throw this.problem;
		this.sent.push(data);
	}
}

export class FakePeer implements RtcPeer {
	readonly handlers: RtcPeerHandlers;
	readonly channels: FakeChannel[] = [];
	readonly calls: string[] = [];
	/** Methods that throw. */
	readonly problems: Partial<Record<'offer' | 'accept' | 'createChannel', Error>> = {};

	constructor(handlers: RtcPeerHandlers) {
		this.handlers = handlers;
	}

	createChannel(label: string, options: DataChannelOptions): FakeChannel {
		this.#call('createChannel', label);
		const channel = new FakeChannel(label, options, this.channels.length);
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

	/** The channel of this label that was made last. */
	channel(label: string): FakeChannel {
		const found = this.channels.findLast((each) => each.label === label);
		if (found === undefined) throw new Error(`there is no channel "${label}"`);
		return found;
	}

	#call(method: 'offer' | 'accept' | 'createChannel', ...args: string[]): void {
		this.calls.push([method, ...args].join(' '));
		const problem = this.problems[method];
		if (problem !== undefined) throw problem;
	}
}

/** A host that gives out fake connections, and keeps the last one. */
export function fakeHost(): { createPeer: CreatePeer; peer(): FakePeer } {
	let last: FakePeer | undefined;
	return {
		createPeer: (_config, handlers) => {
			last = new FakePeer(handlers);
			return last;
		},
		peer: () => last as FakePeer,
	};
}
