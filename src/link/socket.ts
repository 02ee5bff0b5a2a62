/** What a socket tells its owner. Nothing comes after `closed`. */
export interface SocketHandlers {
	opened(): void;
	message(data: string | Uint8Array): void;
	/** `code` 1006 where there was no closing handshake; `reason` what the other side or the host said. */
	closed(code: number, reason: string): void;
}

/** A WebSocket, as a link needs one. */
export interface Socket {
	/** Bytes that have not left yet. */
	readonly bufferedAmount: number;
	/** Sends a message over an open socket; pieces of bytes as one or as several, however that costs least. */
	send(data: string | Uint8Array | Uint8Array[]): void;
	/** @param code 1000 or 3000 to 4999, which are those that a page may choose */
	close(code: number, reason: string): void;
}

/** Opens a WebSocket. Throws nothing: what goes wrong arrives at `closed`. */
export type OpenSocket = (url: string, protocols: string[], handlers: SocketHandlers) => Socket;
