/** A socket of `ws`, and the one below, which it has no public name for. */
interface WsSocket {
	send(data: Uint8Array): void;
	readonly _socket?: { cork(): void; uncork(): void } | null;
}

/**
 * Sends messages with one call of the system, where that can be: each call wakes the reader, and a reader that is woken
 * for every few bytes costs more than they do.
 */
export function sendTogether(socket: object & Pick<WsSocket, 'send'>, messages: Uint8Array[]): void {
	const below = (socket as WsSocket)._socket;
	below?.cork();
	for (const message of messages) socket.send(message);
	below?.uncork();
}

/** Pieces up to this many bytes are copied together, to so many: each message costs more than that. */
const SMALL_BYTES = 4 * 1024;
const PACK_BYTES = 16 * 1024;

/** The same bytes in fewer pieces. */
export function packed(pieces: Uint8Array[]): Uint8Array[] {
	const together: Uint8Array[] = [];
	let small: Uint8Array[] = [];
	let bytes = 0;
	const pack = (): void => {
		if (small.length > 0) together.push(small.length === 1 ? (small[0] as Uint8Array) : Buffer.concat(small, bytes));
		small = [];
		bytes = 0;
	};
	for (const piece of pieces) {
		if (bytes + piece.length > PACK_BYTES || piece.length > SMALL_BYTES) pack();
		if (piece.length > SMALL_BYTES) together.push(piece);
		else {
			small.push(piece);
			bytes += piece.length;
		}
	}
	pack();
	return together;
}
