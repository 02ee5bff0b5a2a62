import type { Channel } from 'enslavism/client';

/** How the messages of one channel arrived. */
export class Arrivals {
	#latest = 0;
	#heard = 0;
	#outOfOrder = 0;
	#delays: number[] = [];
	#expectedFrom = 0;

	constructor(channel: Channel) {
		channel.on('message', ({ data }) => {
			const { n, at } = JSON.parse(String(data)) as { n: number; at: number };
			this.#expectedFrom ||= n;
			this.#heard++;
			if (n < this.#latest) this.#outOfOrder++;
			this.#latest = Math.max(this.#latest, n);
			this.#delays.push(Date.now() - at);
		});
	}

	/** What happened since the last call. The clocks of slave and client must agree: here they are one. */
	take() {
		const delays = this.#delays.sort((a, b) => a - b);
		const expected = this.#latest - this.#expectedFrom + 1;
		const row = {
			heard: this.#heard,
			lost: Math.max(0, expected - this.#heard),
			'out of order': this.#outOfOrder,
			'median delay (ms)': delays[delays.length >> 1],
			'worst delay (ms)': delays.at(-1),
		};
		this.#expectedFrom = this.#latest + 1;
		this.#heard = this.#outOfOrder = 0;
		this.#delays = [];
		return row;
	}
}
