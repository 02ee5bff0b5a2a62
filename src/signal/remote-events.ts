import { Emitter } from '../wire/index.js';
import type { BaseEcho } from './echo.js';

/**
 * Named events that everybody in an echo namespace hears. On the wire each is a text: the JSON list of its name and its
 * arguments. Other messages of the namespace are passed over.
 */
export class RemoteEvents<Events extends Record<string, unknown[]>> extends Emitter<Events> {
	readonly #echo: BaseEcho;

	/** @internal */
	constructor(echo: BaseEcho) {
		super();
		this.#echo = echo;
		echo.on('message', ({ data }) => this.#hear(data));
	}

	/**
	 * Calls the listeners of everybody in the namespace, one's own included, when the master has sent it to all.
	 *
	 * @param args values of JSON
	 * @returns `true`
	 * @throws EnslavismError as `send` of the echo
	 */
	override emit<Name extends keyof Events & string>(event: Name, ...args: Events[Name]): true {
		this.#echo.send(JSON.stringify([event, ...args]));
		return true;
	}

	#hear(data: string | ArrayBuffer): void {
		const [name, ...args] = typeof data === 'string' ? listIn(data) : [];
		// The cast: what others send is what they were typed to send, or the listener's own to check.
		if (typeof name === 'string') super.emit(name, ...(args as never));
	}
}

function listIn(text: string): unknown[] {
	try {
		const value: unknown = JSON.parse(text);
		return Array.isArray(value) ? value : [];
	} catch {
		return [];
	}
}
