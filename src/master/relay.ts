import { LinkMux, type LinkMuxHost, NO_HANDLER, StreamHead, streamHead } from '../mux/host/link-mux.js';
import { Slab } from '../mux/slab.js';
import type { Stream } from '../mux/stream.js';
import { EnslavismError } from '../wire/errors.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';

/** How much sessions may send through the master: in bytes per second, both directions together, where nothing else is said. */
export interface RelayAllowances {
	/** Of one session. Default 1 MiB/s. */
	perSession?: number;
	/** Of all sessions of one client or slave. Default 16 MiB/s. */
	perLink?: number;
	/** Of all sessions. Default 64 MiB/s. */
	total?: number;
	/**
	 * What passes of one session before its slave has accepted, in bytes: messages of eager channels, and what surrounds them.
	 * Default 128 KiB, twice what our clients send. Whoever sends more has its way closed, and another one when it is accepted.
	 */
	early?: number;
}

/** A link, as the relay needs it. */
export interface RelayedLink {
	readonly id: string;
	readonly bufferedAmount: number;
	sendBytes(frames: Uint8Array[]): void;
	/** What came over it is no relayed data. */
	broken(): void;
}

/** Where a session leads, as its client's master knows it. */
export interface RelayRoute {
	readonly id: string;
	/** The session itself: the same as long as it lives. */
	readonly key: object;
	/** Whether the slave has accepted: until then little passes. */
	accepted(): boolean;
	readonly slave: RelayedLink;
}

/** A link with its streams. */
interface End {
	readonly link: RelayedLink;
	readonly mux: LinkMux;
	readonly bucket: Bucket;
}

interface Way {
	readonly session: string;
	close(): void;
}

/**
 * The way of sessions through the master: passes the bytes of a client's stream on to its slave and back, unread. What
 * is over an allowance is not dropped but taken more slowly, so that the end that sends feels it.
 */
export class Relay {
	readonly #limits: Required<RelayAllowances>;
	readonly #route: (client: string, session: string) => RelayRoute | undefined;
	readonly #ends = new Map<string, End>();
	readonly #ways = new Map<string, Way>();
	/** What each session may send: a new way does not have it anew. */
	readonly #allowances = new WeakMap<object, Bucket>();
	readonly #total: Bucket;

	/** @param route the session of a client's that it may use the relay for */
	constructor(limits: RelayAllowances, route: (client: string, session: string) => RelayRoute | undefined) {
		this.#limits = { ...DEFAULT_RELAY, ...limits };
		this.#total = new Bucket(this.#limits.total);
		this.#route = route;
	}

	/** Takes a binary frame of a link. */
	receive(link: RelayedLink, bytes: Uint8Array): void {
		this.#end(link).mux.receive(bytes);
	}

	/** The link is gone, and its sessions' ways with it. */
	left(link: RelayedLink): void {
		const end = this.#ends.get(link.id);
		// A newer link of the same peer has taken its place.
		if (end?.link !== link) return;
		this.#ends.delete(link.id);
		end.mux.close();
	}

	/** The session is over. */
	ended(session: string): void {
		this.#ways.get(session)?.close();
	}

	close(): void {
		for (const { link } of [...this.#ends.values()]) this.left(link);
	}

	#end(link: RelayedLink): End {
		let end = this.#ends.get(link.id);
		if (end?.link !== link) {
			end?.mux.close();
			const host: LinkMuxHost = {
				get bufferedAmount() {
					return link.bufferedAmount;
				},
				sendBytes: (frames) => link.sendBytes(frames),
				opened: (stream) => this.#opened(link, mux, stream),
				broken: () => link.broken(),
			};
			const mux: LinkMux = new LinkMux(false, host);
			end = { link, mux, bucket: new Bucket(this.#limits.perLink) };
			this.#ends.set(link.id, end);
		}
		return end;
	}

	#opened(link: RelayedLink, mux: LinkMux, stream: Stream): void {
		const head = new StreamHead();
		const data = (bytes: Uint8Array): void => {
			mux.consume(stream, bytes.length);
			const read = head.push(bytes);
			if (read === undefined) return;
			const route = this.#route(link.id, read.session);
			if (route === undefined) mux.session.reset(stream, 'stream-reset');
			else this.#connect(route, this.#end(link), stream, read.rest);
		};
		stream.handler = { ...NO_HANDLER, data };
	}

	#connect(route: RelayRoute, client: End, near: Stream, early: Uint8Array): void {
		const slave = this.#end(route.slave);
		this.#ways.get(route.id)?.close();
		const allowance = this.#allowanceOf(route.key);
		let far: Stream;
		try {
			// Each way begins with a window of its own, which is not to be had again and again.
			if (allowance.take(0, performance.now()) > 0) throw new EnslavismError('limit-reached');
			far = slave.mux.session.open();
		} catch {
			client.mux.session.reset(near, 'limit-reached');
			return;
		}
		const buckets = [allowance, client.bucket, slave.bucket, this.#total];
		let over = false;
		const close = (why?: string): void => {
			if (over) return;
			over = true;
			if (this.#ways.get(route.id) === way) this.#ways.delete(route.id);
			for (const flow of [up, down]) flow.close();
			// There is no use in trying again where the slave does not want it.
			if (why === 'stream-refused') client.mux.session.reset(near, why);
			else end(client.mux, near);
			end(slave.mux, far);
		};
		const way: Way = { session: route.id, close: () => close() };
		const up = new Flow(client.mux, near, slave.mux, far, buckets);
		const down = new Flow(slave.mux, far, client.mux, near, buckets);
		this.#ways.set(route.id, way);
		slave.mux.session.write(far, streamHead(route.id));
		let eager = 0;
		const take = (bytes: Uint8Array): void => {
			if (!route.accepted()) eager += bytes.length;
			if (eager <= this.#limits.early) up.take(bytes);
			else client.mux.session.reset(near, 'limit-reached');
		};
		near.handler = { ...NO_HANDLER, data: take, sent: () => down.sent(), ended: way.close, broken: way.close };
		far.handler = { ...NO_HANDLER, data: (b) => down.take(b), sent: () => up.sent(), ended: way.close, broken: close };
		take(early);
	}

	#allowanceOf(session: object): Bucket {
		let allowance = this.#allowances.get(session);
		if (allowance === undefined) {
			allowance = new Bucket(this.#limits.perSession);
			this.#allowances.set(session, allowance);
		}
		return allowance;
	}
}

/**
 * Lets leave what was written, within a bound, and waits for no end from the other side: some never say it. One that has said it
 * reads no more; it may also say so later, because a session's end is told before that of its way.
 */
function end({ session }: LinkMux, stream: Stream): void {
	const reset = (): void => {
		clearTimeout(bound);
		session.reset(stream);
	};
	const bound = setTimeout(reset, WAITS.relayEnd).unref();
	session.end(stream);
	stream.handler = { ...NO_HANDLER, sent: reset, ended: reset, broken: () => clearTimeout(bound) };
	if (stream.input === 'ended') reset();
}

/** One direction of a way. */
class Flow {
	readonly #from: LinkMux;
	readonly #source: Stream;
	readonly #to: LinkMux;
	readonly #target: Stream;
	readonly #buckets: Bucket[];
	#passed = 0;
	/** Where small pieces are copied to. */
	readonly #slab = new Slab();
	#timer: NodeJS.Timeout | undefined;

	constructor(from: LinkMux, source: Stream, to: LinkMux, target: Stream, buckets: Bucket[]) {
		this.#from = from;
		this.#source = source;
		this.#to = to;
		this.#target = target;
		this.#buckets = buckets;
	}

	take(bytes: Uint8Array): void {
		const isSmall = bytes.length < COPY_BYTES && this.#target.queued > 0;
		// The frame that it came in is nobody else's.
		this.#to.session.write(this.#target, isSmall ? this.#copy(bytes) : bytes);
		this.#passed += bytes.length;
		if (this.#target.queued <= AHEAD_BYTES) this.#consume();
	}

	/** What was passed on has left: as much more may come, once the allowance has room for it. */
	sent(): void {
		this.#slab.clear();
		this.#consume();
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#charge(this.#passed);
	}

	#consume(): void {
		if (this.#timer !== undefined || this.#passed === 0) return;
		const bytes = this.#passed;
		this.#passed = 0;
		const wait = this.#charge(bytes);
		if (wait <= 0) {
			this.#from.consume(this.#source, bytes);
			return;
		}
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			this.#from.consume(this.#source, bytes);
			if (this.#target.queued <= AHEAD_BYTES) this.#consume();
		}, wait);
	}

	/** Takes bytes from every allowance; gives how long until all have room for them again, in ms. */
	#charge(bytes: number): number {
		const now = performance.now();
		let wait = 0;
		for (const bucket of this.#buckets) wait = Math.max(wait, bucket.take(bytes, now));
		return wait;
	}

	/** A few bytes that have to wait would keep much memory of others, and each piece costs more than it is long. */
	#copy(bytes: Uint8Array): Uint8Array {
		const copy = this.#slab.take(bytes.length, COPY_BYTES);
		copy.set(bytes);
		return copy;
	}
}

/** An allowance of bytes per second that fills up again, to at most what one second gives. */
class Bucket {
	readonly #rate: number;
	#level: number;
	#filled = 0;

	constructor(rate: number) {
		this.#rate = rate;
		this.#level = rate;
	}

	/** Takes bytes, of which there may be too few; gives how long, in ms, until they would have been there. */
	take(bytes: number, now: number): number {
		if (this.#rate === Number.POSITIVE_INFINITY) return 0;
		const filled = this.#level + ((now - this.#filled) * this.#rate) / 1000;
		this.#level = Math.min(this.#rate, filled) - bytes;
		this.#filled = now;
		return this.#level >= 0 ? 0 : (-this.#level / this.#rate) * 1000;
	}
}

/** Bytes that may wait for the receiving end before the sending one is held back. */
const AHEAD_BYTES = 128 * 1024;

/** Smaller pieces than this are copied together where they have to wait. */
const COPY_BYTES = 4 * 1024;

/** What an operator allows who says nothing. */
export const DEFAULT_RELAY: Required<RelayAllowances> = {
	perSession: 1024 * 1024,
	perLink: 16 * 1024 * 1024,
	total: 64 * 1024 * 1024,
	early: 2 * LIMITS.earlyBytes,
};
