import type { Channel, ClientConnection } from 'enslavism';
import { Allowance } from './allowance.js';
import type { Player } from './player.js';
import { decodeInputs, MOVES, type PageSays, type SlaveSays, TALK } from './public/protocol.js';
import { readTalk } from './talk.js';

/** What a visitor needs from the room that it came into. */
export interface VisitorHost {
	/** Lets the visitor play; `undefined` when there is no room. */
	enter(visitor: Visitor, name: string, hue: number): Player | undefined;
	said(player: Player, text: string): void;
	left(visitor: Visitor): void;
	readonly fullReason: string;
}

/** Messages that make no sense which are forgiven. */
const FORGIVEN = 20;
/** What may wait for a page that does not read, in bytes: a snapshot is skipped, at the second bound the page goes. */
const MOVES_WAITING = 16 * 1024;
const TALK_WAITING = 256 * 1024;
/** How long a session may stay without playing, in milliseconds: pages that look at the list measure round trips. */
const PATIENCE = 5 * 60_000;

/** One client's session. It begins by looking on, and plays from its `hello` on. */
export class Visitor {
	player: Player | undefined;

	readonly #client: ClientConnection;
	readonly #host: VisitorHost;
	readonly #patience: NodeJS.Timeout;
	readonly #chats = new Allowance(5, 1);
	readonly #inputs = new Allowance(90, 45);
	#talk: Channel | undefined;
	#moves: Channel | undefined;
	#faults = 0;

	constructor(client: ClientConnection, host: VisitorHost) {
		this.#client = client;
		this.#host = host;
		this.#patience = setTimeout(() => client.close('no game was asked for'), PATIENCE);
		client.on('datachannel', (channel) => this.#adopt(channel));
		client.on('close', () => {
			clearTimeout(this.#patience);
			host.left(this);
		});
	}

	/** Sends an encoded {@link SlaveSays}, and gives up on a page that does not read. */
	say(text: string): void {
		const talk = this.#talk;
		if (talk?.readyState !== 'open') return;
		if (talk.bufferedAmount > TALK_WAITING) this.#client.close('too much is waiting to be read');
		else talk.send(text);
	}

	/** Sends a snapshot, unless older ones still wait: then it would only come later still. */
	show(snapshot: ArrayBuffer): void {
		const moves = this.#moves;
		if (moves?.readyState === 'open' && moves.bufferedAmount <= MOVES_WAITING) moves.send(snapshot);
	}

	#adopt(channel: Channel): void {
		if (channel.label === TALK.name && this.#talk === undefined) {
			this.#talk = channel;
			channel.on('message', ({ data }) => this.#heard(readTalk(data)));
		} else if (channel.label === MOVES.name && this.#moves === undefined) {
			this.#moves = channel;
			channel.on('message', ({ data }) => this.#moved(data));
		} else {
			channel.close();
		}
	}

	#heard(said: PageSays | undefined): void {
		if (said?.t === 'hello' && this.player === undefined) this.#enter(said.name, said.hue);
		else if (said?.t === 'chat' && this.player !== undefined) this.#chat(this.player, said.text);
		else this.#fault();
	}

	#enter(name: string, hue: number): void {
		this.player = this.#host.enter(this, name, hue);
		if (this.player === undefined) this.#client.close(this.#host.fullReason);
		else clearTimeout(this.#patience);
	}

	#chat(player: Player, text: string): void {
		if (!this.#chats.use()) this.#fault();
		else if (text !== '') this.#host.said(player, text);
	}

	#moved(data: string | ArrayBuffer): void {
		if (!this.#inputs.use()) return;
		const inputs = decodeInputs(data);
		if (inputs === undefined) this.#fault();
		else this.player?.receive(inputs);
	}

	#fault(): void {
		if (++this.#faults > FORGIVEN) this.#client.close('too many messages that make no sense');
	}
}

/** A message for `talk`, encoded. */
export function encodeTalk(message: SlaveSays): string {
	return JSON.stringify(message);
}
