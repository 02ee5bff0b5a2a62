// What every host of this room has (browsers and Node), and no more: the room has neither DOM nor Node types.
declare function queueMicrotask(callback: () => void): void;
declare function btoa(binary: string): string;
declare function atob(base64: string): string;
declare class TextEncoder {
	encode(text?: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
	constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
	decode(bytes?: Uint8Array): string;
}
declare class URL {
	constructor(url: string, base?: string);
	protocol: string;
	pathname: string;
	search: string;
	hash: string;
	username: string;
	password: string;
	readonly href: string;
}
interface Crypto {
	getRandomValues<T extends ArrayBufferView>(array: T): T;
}
declare const crypto: Crypto;
