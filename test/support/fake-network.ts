/**
 * Both ends of a session on a network whose every delivery, loss and delay a test decides, in one process and without
 * a clock. What is under way in one stream arrives in order; nothing is in order between streams.
 */

import { readFrame, writeFrame } from '../../src/peer/frames.js';
import { type OpenRelay, type RelayHandlers, type RelayPipe, Session } from '../../src/peer/index.js';
import type { Message } from '../../src/peer/numbering.js';
import type { RtcChannel, RtcDescription, RtcPeer, RtcState, StreamOptions } from '../../src/peer/rtc.js';
import * as WAITS from '../../src/wire/waits.js';

/** One direction of anything: what is under way in it, the next thing first. */
class Wire {
	readonly queue: (() => void)[] = [];
	/** Whether what is under way waits. */
	readonly held: () => boolean;

	constructor(held: () => boolean = () => false) {
		this.held = held;
	}

	push(arrive: () => void): void {
		this.queue.push(arrive);
	}

	/** What is under way is lost. */
	cut(): void {
		this.queue.length = 0;
	}
}

class NetChannel implements RtcChannel {
	readonly bufferedAmount = 0;
	bufferedAmountLowThreshold = 0;
	binaryType = 'arraybuffer';
	onopen: RtcChannel['onopen'] = null;
	onmessage: RtcChannel['onmessage'] = null;
	onbufferedamountlow: RtcChannel['onbufferedamountlow'] = null;
	onclose: RtcChannel['onclose'] = null;
	opened = false;
	gone = false;
	readonly #peer: NetPeer;
	readonly id: number;

	constructor(peer: NetPeer, id: number) {
		this.#peer = peer;
		this.id = id;
		if (peer.connected) this.open();
	}

	/** Opens after whatever else the host has to tell. */
	open(): void {
		this.#peer.tell(() => {
			if (this.gone || this.opened) return;
			this.opened = true;
			this.onopen?.();
		});
	}

	send(data: string | Uint8Array): void {
		this.#send(typeof data === 'string' ? data : (data.slice().buffer as ArrayBuffer));
	}

	close(): void {
		this.die();
		// The stream is reset at the other end, after what is under way.
		this.#peer.wire(this.id).push(() => this.#peer.other?.channels.get(this.id)?.die());
	}

	/** It is gone at this end. */
	die(): void {
		if (this.gone) return;
		this.gone = true;
		this.#peer.channels.delete(this.id);
		this.#peer.tell(() => this.onclose?.());
	}

	#send(data: string | ArrayBuffer): void {
		if (this.gone || !this.opened) throw new Error('not open');
		// A message for a stream that nobody listens on is lost.
		this.#peer.wire(this.id).push(() => {
			const { other } = this.#peer;
			if (other?.live) other.channels.get(this.id)?.onmessage?.({ data });
		});
	}
}

class NetPeer implements RtcPeer {
	connectionState: RtcState = 'new';
	localDescription: RtcPeer['localDescription'] = null;
	onconnectionstatechange: RtcPeer['onconnectionstatechange'] = null;
	onicecandidate: RtcPeer['onicecandidate'] = null;
	readonly channels = new Map<number, NetChannel>();
	readonly #network: FakeNetwork;
	readonly #end: 0 | 1;
	readonly #events: Wire;
	readonly #wires = new Map<number, Wire>();
	other: NetPeer | undefined;
	connected = false;
	#closed = false;

	constructor(network: FakeNetwork, end: 0 | 1) {
		this.#network = network;
		this.#end = end;
		this.#events = network.wire();
	}

	createDataChannel(_label: string, { id }: StreamOptions): NetChannel {
		if (this.channels.has(id)) throw new Error(`stream ${id} is in use`);
		const channel = new NetChannel(this, id);
		this.channels.set(id, channel);
		return channel;
	}

	setLocalDescription(): Promise<void> {
		return new Promise((resolve) =>
			this.tell(() => {
				const type = this.other ? 'answer' : 'offer';
				this.localDescription = { type, sdp: `${this.#network.peers.indexOf(this)}` };
				resolve();
			}),
		);
	}

	async setRemoteDescription({ type, sdp }: RtcDescription): Promise<void> {
		this.other = this.#network.peers[Number(sdp)];
		if (type === 'answer') this.#network.connect(this);
	}

	async addIceCandidate(): Promise<void> {}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#events.cut();
		for (const wire of this.#wires.values()) wire.cut();
		const { other } = this;
		if (this.connected) other?.tell(() => other.hungUp());
	}

	/** The other end has closed its connection. */
	hungUp(): void {
		for (const channel of [...this.channels.values()]) channel.die();
		this.#state('closed');
	}

	/** The host tells something, in its own time. */
	tell(event: () => void): void {
		this.#events.push(() => {
			if (!this.#closed) event();
		});
	}

	wire(id: number): Wire {
		let wire = this.#wires.get(id);
		if (wire === undefined) {
			wire = this.#network.wire(() => this.#network.held[this.#end]);
			this.#wires.set(id, wire);
		}
		return wire;
	}

	up(): void {
		this.tell(() => {
			this.connected = true;
			this.#state('connected');
			for (const channel of this.channels.values()) channel.open();
		});
	}

	/** The network is gone under it. */
	fail(): void {
		for (const wire of this.#wires.values()) wire.cut();
		this.tell(() => this.#state('failed'));
	}

	get live(): boolean {
		return !this.#closed;
	}

	#state(state: RtcState): void {
		this.connectionState = state;
		this.onconnectionstatechange?.();
	}

	/** Streams that are open at both ends, the trunk apart. */
	get lanes(): NetChannel[] {
		return [...this.channels.values()].filter(
			({ id, opened }) => opened && id !== 1022 && this.other?.channels.get(id)?.opened,
		);
	}
}

class NetPipe implements RelayPipe {
	readonly kind = 'relay';
	readonly queued = 0;
	other: NetPipe | undefined;
	over = false;
	readonly #wire: Wire;
	readonly #handlers: RelayHandlers;

	constructor(network: FakeNetwork, handlers: RelayHandlers) {
		this.#wire = network.wire();
		this.#handlers = handlers;
	}

	send(kind: number, channel: number, number: number, payload?: Message): void {
		if (this.over) return;
		const frame = writeFrame(kind, channel, number, payload);
		this.#wire.push(() => this.other?.arrive(frame));
	}

	close(): void {
		if (this.over) return;
		this.over = true;
		this.#wire.push(() => this.other?.lose());
	}

	arrive(frame: Uint8Array): void {
		if (!this.over) this.#handlers.frame(readFrame(frame));
	}

	lose(): void {
		if (this.over) return;
		this.over = true;
		this.#handlers.lost(false);
	}

	/** What the other end hears first of it. */
	announce(opened: () => void): void {
		this.#wire.push(opened);
	}

	/** The way is cut: what is under way is lost, and this end hears of it in its own time. */
	cut(): void {
		this.#wire.cut();
		this.#wire.push(() => this.lose());
	}
}

/** A session, as a client and a slave would have it. */
export class FakeNetwork {
	readonly peers: NetPeer[] = [];
	readonly client: Session;
	readonly slave: Session;
	/** Whether connections over WebRTC come up. */
	rtcUp = true;
	/** Whether what the client sends over WebRTC, and what the slave sends, is held up: SCTP sends it again and again. */
	readonly held: [boolean, boolean] = [false, false];
	/** Whether ways through the master can be opened. */
	relayUp = true;
	readonly #wires: Wire[] = [];
	#pipes: [NetPipe, NetPipe] | undefined;
	/** The slave accepts, once it has the offer. */
	#accept: (() => void) | undefined;

	constructor() {
		const [toSlave, toClient] = [this.wire(), this.wire()];
		this.client = this.#session('offer', toSlave, () => this.slave);
		this.slave = this.#session('answer', toClient, () => this.client);
		this.#accept = () => toClient.push(() => this.client.paths.accept());
		this.slave.start();
		this.client.start();
	}

	wire(held?: () => boolean): Wire {
		const wire = new Wire(held);
		this.#wires.push(wire);
		return wire;
	}

	/** Lets the next thing of one of the streams arrive; tells whether there was one. */
	deliver(pick: number): boolean {
		const busy = this.#wires.filter(({ queue, held }) => queue.length > 0 && !held());
		const wire = busy[pick % Math.max(1, busy.length)];
		wire?.queue.shift()?.();
		return wire !== undefined;
	}

	/** The connection comes up, if the network lets it. */
	connect(peer: NetPeer): void {
		if (!this.rtcUp) return;
		for (const each of [peer, peer.other]) each?.up();
	}

	/** What is under way over WebRTC is lost; each end hears of it in its own time. */
	cutRtc(): void {
		for (const peer of this.peers) if (peer.live) peer.fail();
	}

	/** A channel's own stream breaks at both ends. */
	cutLane(pick: number): void {
		const lanes = this.peers.filter(({ live }) => live).flatMap((peer) => peer.lanes.map((lane) => ({ peer, lane })));
		const found = lanes[pick % Math.max(1, lanes.length)];
		if (found === undefined) return;
		const { peer, lane } = found;
		peer.wire(lane.id).cut();
		peer.other?.wire(lane.id).cut();
		lane.die();
		peer.other?.channels.get(lane.id)?.die();
	}

	cutRelay(): void {
		for (const pipe of this.#pipes ?? []) pipe.cut();
		this.#pipes = undefined;
	}

	#accepted(): void {
		this.#accept?.();
		this.#accept = undefined;
	}

	#session(makes: 'offer' | 'answer', wire: Wire, other: () => Session): Session {
		const openRelay: OpenRelay = (handlers) => {
			if (!this.relayUp) return undefined;
			const near = new NetPipe(this, handlers);
			near.announce(() =>
				this.slave.paths.openRelay((theirs) => {
					if (near.over) return undefined;
					const far = new NetPipe(this, theirs);
					near.other = far;
					far.other = near;
					this.#pipes = [near, far];
					return far;
				}),
			);
			return near;
		};
		return new Session({
			createPeer: () => {
				const peer = new NetPeer(this, makes === 'offer' ? 0 : 1);
				this.peers.push(peer);
				return peer;
			},
			rtc: () => ({ iceServers: [] }),
			makes,
			timeout: WAITS.connect,
			openRelay: makes === 'offer' ? openRelay : undefined,
			signals: {
				description: (type, sdp, attempt, ice) =>
					wire.push(() => {
						if (type === 'offer') this.#accepted();
						if (sdp !== undefined) other().paths.description(type, sdp, attempt, ice);
					}),
				candidate: () => {},
			},
		});
	}
}
