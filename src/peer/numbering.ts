/**
 * The numbers of a reliable channel's messages, without clock or socket. A path that dies takes with it what it has
 * not delivered; so the sender keeps each message until the other end has acknowledged its number, and the receiver
 * tells every number once.
 */
import * as LIMITS from '../wire/limits.js';

/** A message: text is a string, bytes are an `ArrayBuffer` or a view. */
export type Message = string | ArrayBuffer | Uint8Array;

/** A text that is longer in UTF-8 than in code units, and how long. */
interface LongText {
	readonly text: string;
	readonly byteLength: number;
}

/** How much memory a message takes, near enough: a code unit of text counts as one byte. */
export function sizeOf(message: Message | LongText): number {
	return typeof message === 'string' ? message.length : message.byteLength;
}

/** Blocks of memory are as large as all that is kept, within these bounds: most channels say little. */
const LEAST_BLOCK_BYTES = 1024;
const MOST_BLOCK_BYTES = 64 * 1024;

/** What was sent and is not acknowledged. */
export class Kept {
	/** Number of the next message. */
	next = 0;
	/** Bytes that are kept. */
	bytes = 0;
	/** Messages, and the lengths of those that are in the blocks. */
	#messages: (Message | LongText | number)[] = [];
	/** Where in the list the first kept message is. */
	#head = 0;
	/** Memory with messages one behind the other, none in two blocks: what begins in the first, and ends in the last. */
	readonly #blocks: Uint8Array[] = [];
	#start = 0;
	#end = 0;
	/** Blocks to use again: memory that is made anew for each message costs more than to copy it. */
	readonly #spare: Uint8Array[] = [];

	/** How many messages are kept. */
	get count(): number {
		return this.#messages.length - this.#head;
	}

	/** Keeps a message, as it is if its memory is its own, and otherwise a copy of its bytes; gives its number. */
	keep(message: Message, isOwn = false, size = sizeOf(message)): number {
		if (typeof message === 'string' && size > message.length) this.#messages.push({ text: message, byteLength: size });
		else if (isOwn || !(message instanceof Uint8Array)) this.#messages.push(message);
		// An idle channel keeps its last block: it should not be as long as the largest message ever.
		else if (size > MOST_BLOCK_BYTES) this.#messages.push(new Uint8Array(message));
		else {
			let block = this.#blocks.at(-1);
			if (!block || this.#end + size > block.length) {
				block = this.#spare.pop();
				if (!block || size > block.length) {
					block = new Uint8Array(Math.max(size, LEAST_BLOCK_BYTES, Math.min(this.bytes, MOST_BLOCK_BYTES)));
				}
				this.#blocks.push(block);
				this.#end = 0;
			}
			block.set(message, this.#end);
			this.#end += size;
			this.#messages.push(size);
		}
		this.bytes += size;
		return this.next++;
	}

	/** The other end has all messages below `number`. A number that was never sent is none to believe. */
	acknowledge(number: number): void {
		let first = this.next - this.count;
		if (number > this.next) return;
		for (; first < number; first++) {
			const message = this.#messages[this.#head] as Message | LongText | number;
			this.#messages[this.#head++] = 0;
			if (typeof message !== 'number') this.bytes -= sizeOf(message);
			else {
				this.bytes -= message;
				this.#start += message;
				if (this.#start > (this.#blocks[0] as Uint8Array).length) {
					this.#start = message;
					const block = this.#blocks.shift() as Uint8Array;
					if (this.#spare.length < this.#blocks.length) this.#spare.push(block);
					else this.#spare.pop();
				}
			}
		}
		// Half of it at a time: to make a long list anew costs more than anything else here.
		if (this.#head * 2 < this.#messages.length) return;
		this.#messages = this.#messages.slice(this.#head);
		this.#head = 0;
	}

	/** Tells every kept message with its number, each in memory of its own. */
	each(tell: (number: number, message: Message) => void): void {
		let number = this.next - this.count;
		let end = this.#start;
		let at = 0;
		for (const message of this.#messages.slice(this.#head)) {
			if (typeof message !== 'number') tell(number++, (message as LongText).text ?? message);
			else {
				end += message;
				if (end > (this.#blocks[at] as Uint8Array).length) {
					end = message;
					at++;
				}
				tell(number++, (this.#blocks[at] as Uint8Array).slice(end - message, end));
			}
		}
	}
}

/** From a message until the other end is told, in milliseconds, where no other one has reason to be sooner. */
export const ACK_DELAY = 100;

/** How many messages, or bytes, may arrive before the other end is told at once. */
const ACK_MESSAGES = 1024;
const ACK_BYTES = 128 * 1024;

/** After so many bytes it is told soon: it may have sent what it lets wait at a time, and wait itself. */
const ACK_SOON_BYTES = 1024;
const ACK_SOON = 5;

/** What arrived, over any path. */
export class Arrived {
	/** All numbers below have arrived. */
	expected = 0;
	/** What has arrived since the other end was told. */
	#count = 0;
	#bytes = 0;
	readonly #ordered: boolean;
	/** What arrived too early; of an unordered channel just that it did. */
	readonly #early = new Map<number, string | ArrayBuffer | undefined>();
	#earlyBytes = 0;

	constructor(ordered: boolean) {
		this.#ordered = ordered;
	}

	/** When the other end is to be told, in milliseconds from now. */
	get due(): number {
		if (this.#count >= ACK_MESSAGES || this.#bytes >= ACK_BYTES) return 0;
		return this.#bytes >= ACK_SOON_BYTES ? ACK_SOON : ACK_DELAY;
	}

	/** All messages below this number have arrived; asked for when that is told to the other end. */
	acknowledgement(): number {
		this.#count = 0;
		this.#bytes = 0;
		return this.expected;
	}

	/** Takes a message; tells those whose turn it is. Gives whether it could be kept. */
	take(number: number, message: string | ArrayBuffer, tell: (message: string | ArrayBuffer) => void): boolean {
		if (number < this.expected || this.#early.has(number)) return true;
		this.#count++;
		this.#bytes += sizeOf(message);
		if (!this.#ordered) tell(message);
		if (number !== this.expected) {
			this.#early.set(number, this.#ordered ? message : undefined);
			if (this.#ordered) this.#earlyBytes += sizeOf(message);
			return this.#early.size <= LIMITS.channelKeptMessages && this.#earlyBytes <= LIMITS.channelBufferedBytes;
		}
		this.expected++;
		if (this.#ordered) tell(message);
		while (this.#early.size > 0 && this.#early.has(this.expected)) {
			const next = this.#early.get(this.expected);
			this.#early.delete(this.expected++);
			if (next === undefined) continue;
			this.#earlyBytes -= sizeOf(next);
			tell(next);
		}
		return true;
	}
}
