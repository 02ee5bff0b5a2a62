/** A message that went to everyone in a namespace. */
export interface EchoMessage {
	readonly data: Buffer;
	readonly binary: boolean;
}

/** What each message costs beside its bytes. */
const MESSAGE_COST = 64;

/** The last messages of a namespace, up to a number and a size. */
export class EchoHistory {
	readonly #maxMessages: number;
	readonly #maxBytes: number;
	#messages: EchoMessage[] = [];
	/** How many messages at the beginning of the list were forgotten. */
	#forgotten = 0;
	#bytes = 0;

	constructor(maxMessages: number, maxBytes: number) {
		this.#maxMessages = maxMessages;
		this.#maxBytes = maxBytes;
	}

	/** The messages, oldest first. */
	get messages(): EchoMessage[] {
		return this.#messages.slice(this.#forgotten);
	}

	add(data: Buffer, binary: boolean): void {
		if (this.#maxMessages === 0) return;
		// A copy: ws cuts messages out of larger buffers, which would be kept with them.
		this.#messages.push({ data: Buffer.from(data), binary });
		this.#bytes += data.length + MESSAGE_COST;
		while (this.#messages.length - this.#forgotten > this.#maxMessages || this.#bytes > this.#maxBytes) this.#forget();
	}

	#forget(): void {
		this.#bytes -= (this.#messages[this.#forgotten]?.data.length ?? 0) + MESSAGE_COST;
		this.#messages[this.#forgotten++] = NOTHING;
		if (2 * this.#forgotten < this.#messages.length) return;
		this.#messages = this.#messages.slice(this.#forgotten);
		this.#forgotten = 0;
	}
}

const NOTHING: EchoMessage = { data: Buffer.alloc(0), binary: false };
