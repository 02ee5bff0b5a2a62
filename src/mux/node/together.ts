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
