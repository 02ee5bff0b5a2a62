import type { WebSocket } from 'ws';
import * as CLOSE from '../../wire/close-codes.js';
import { closeReason, SERVICE_PATHS } from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';
import type { Service } from '../service.js';
import { DEFAULT_RELAY_LIMITS, type RelayLimits } from './limits.js';
import { Liveness, type Watched } from './liveness.js';
import { routeToNamespace } from './namespaces.js';
import { RelayPairs, type RelayTokens } from './relay-pairs.js';

/** Options of the relay service. */
export interface RelayOptions {
	/** Bounds, see LIMITS.md. What is not named keeps its default. */
	limits?: Partial<RelayLimits>;
}

/** What each message costs beside its bytes while it waits. */
const MESSAGE_COST = 64;

/**
 * `/enslavism/relay/:namespace`: two that name each other are connected through the master, and hear each other and
 * nobody else.
 */
export function relay(options: RelayOptions = {}): Service {
	const limits = { ...DEFAULT_RELAY_LIMITS, ...options.limits };
	const liveness = new Liveness(limits.silence);
	const office: RelayOffice = { limits, pairs: new RelayPairs(limits.waitersPerTokens), earlyBytes: 0 };
	return {
		name: 'relay',
		maxFrameBytes: limits.messageBytes,
		route: (path) =>
			routeToNamespace(SERVICE_PATHS.relay, path, (namespace, socket) => {
				liveness.watch(new RelayEnd(office, namespace, socket));
			}),
		close: () => liveness.close(),
	};
}

/** What all ends of the service share. */
interface RelayOffice {
	readonly limits: RelayLimits;
	readonly pairs: RelayPairs<RelayEnd>;
	/** What is kept of all that wait. */
	earlyBytes: number;
}

interface Early {
	readonly data: Buffer;
	readonly binary: boolean;
}

/**
 * One of the two ends, and what it has come to.
 *
 *     nameless ──▶ waiting ──▶ paired ──▶ over
 *         └───────────┴────────────────────▲
 */
class RelayEnd implements Watched {
	heard = true;

	readonly socket: WebSocket;
	readonly #office: RelayOffice;
	readonly #namespace: string;
	#tokens: RelayTokens | undefined;
	#partner: RelayEnd | undefined;
	#over = false;
	/** What came before the partner, and what it costs. */
	#early: Early[] = [];
	#earlyBytes = 0;
	/** The bound of the wait that runs just now. */
	#bound: NodeJS.Timeout | undefined;

	constructor(office: RelayOffice, namespace: string, socket: WebSocket) {
		this.#office = office;
		this.#namespace = namespace;
		this.socket = socket;
		this.#expect(office.limits.headerWait, 'the tokens did not come in time');
		socket.on('message', (data, binary) => this.#hear(data as Buffer, binary));
		socket.on('close', (_code, reason) => this.#end(CLOSE.normal, '', reason.toString()));
	}

	#hear(data: Buffer, binary: boolean): void {
		this.heard = true;
		if (this.#over) return;
		if (this.#partner !== undefined) this.#pass(this.#partner, data, binary);
		else if (this.#tokens !== undefined) this.#keep(data, binary);
		else this.#introduce(binary ? undefined : readTokens(data.toString()));
	}

	#introduce(tokens: RelayTokens | undefined): void {
		if (tokens === undefined) {
			this.#end(CLOSE.badMessage, 'the first message must be {"local": token, "remote": token}');
			return;
		}
		const { pairs, limits } = this.#office;
		const arrival = pairs.arrive(this.#namespace, tokens, this);
		if (arrival.became === 'refused') {
			this.#end(CLOSE.limit, 'too many wait with these tokens');
			return;
		}
		if (arrival.became === 'paired' && arrival.partner.socket.readyState !== arrival.partner.socket.OPEN) {
			// It is leaving, and its closing handshake is not finished yet. There may be another one.
			this.#introduce(tokens);
			return;
		}
		this.#tokens = tokens;
		this.#expect(limits.partnerWait, 'the other side did not come in time');
		if (arrival.became === 'paired') this.#pair(arrival.partner);
	}

	#pair(partner: RelayEnd): void {
		partner.#open(this);
		this.#open(partner);
		partner.#passEarly(this);
	}

	#open(partner: RelayEnd): void {
		clearTimeout(this.#bound);
		this.#partner = partner;
		this.socket.send(OPEN);
	}

	#keep(data: Buffer, binary: boolean): void {
		const { limits } = this.#office;
		const cost = data.length + MESSAGE_COST;
		this.#earlyBytes += cost;
		this.#office.earlyBytes += cost;
		// A copy: ws cuts messages out of larger buffers, which would be kept with them.
		this.#early.push({ data: Buffer.from(data), binary });
		if (this.#earlyBytes > limits.earlyBytes || this.#office.earlyBytes > limits.earlyBytesOfAll) {
			this.#end(CLOSE.limit, 'too much was sent before the other side came');
		}
	}

	#passEarly(partner: RelayEnd): void {
		const early = this.#early;
		this.#forgetEarly();
		for (const { data, binary } of early) this.#pass(partner, data, binary);
	}

	#forgetEarly(): void {
		this.#office.earlyBytes -= this.#earlyBytes;
		this.#earlyBytes = 0;
		this.#early = [];
	}

	/** Passes a message on. While the partner reads slower than this end writes, nothing more is read here. */
	#pass(partner: RelayEnd, data: Buffer, binary: boolean): void {
		partner.socket.send(data, { binary }, () => this.#release(partner));
		if (partner.socket.bufferedAmount <= this.#office.limits.pipeBytes || this.socket.isPaused) return;
		this.socket.pause();
		this.#bound = setTimeout(() => {
			partner.#end(CLOSE.slowReader, 'too much is waiting to be read', 'the other side does not read');
		}, this.#office.limits.stall);
	}

	#release(partner: RelayEnd): void {
		if (!this.socket.isPaused || partner.socket.bufferedAmount > this.#office.limits.pipeBytes / 2) return;
		clearTimeout(this.#bound);
		this.socket.resume();
	}

	#expect(ms: number, problem: string): void {
		clearTimeout(this.#bound);
		this.#bound = setTimeout(() => this.#end(CLOSE.timeout, problem), ms);
	}

	/** The end of this one, and of the other. */
	#end(code: number, reason: string, toPartner = reason): void {
		if (this.#over) return;
		this.#over = true;
		clearTimeout(this.#bound);
		this.#forgetEarly();
		if (this.#tokens !== undefined) this.#office.pairs.leave(this.#namespace, this.#tokens, this);
		// A socket that is paused would not see the end of the closing handshake.
		this.socket.resume();
		this.socket.close(code, closeReason(reason));
		if (this.#partner !== undefined) this.#partner.#end(CLOSE.normal, toPartner || 'the other side has left');
	}
}

const OPEN = '{"open":true}';

function readTokens(text: string): RelayTokens | undefined {
	try {
		const { local, remote } = JSON.parse(text) as Record<string, unknown>;
		return isToken(local) && isToken(remote) ? { local, remote } : undefined;
	} catch {
		return undefined;
	}
}

function isToken(value: unknown): value is string {
	return typeof value === 'string' && value !== '' && value.length <= LIMITS.relayTokenLength;
}
