/** What is used of the npm package `scuttlebutt`, which has no types. */
declare module 'scuttlebutt/model.js' {
	import type { EventEmitter } from 'node:events';
	import type { Duplex } from 'node:stream';

	export default class Model extends EventEmitter {
		constructor(id?: string);
		readonly id: string;
		set(key: string, value: unknown): this;
		get(key: string): unknown;
		toJSON(): Record<string, unknown>;
		createStream(): Duplex;
	}
}
