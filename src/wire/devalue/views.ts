type View = new (buffer: ArrayBufferLike, at?: unknown, length?: unknown) => ArrayBufferView;

/** The views of an `ArrayBuffer`, and a few names that no host has. */
const NAMES = /^(DataView|(Big)?(Ui|I)nt\d+(Clamped)?Array|Float\d+Array)$/;

/** Whether this may be the name of a view's class. */
export function isView(name: unknown): name is string {
	return typeof name === 'string' && NAMES.test(name);
}

/** A view of a buffer, by the name of its class. Throws where there is none. */
export function viewOf(name: unknown, buffer: unknown, at?: unknown, length?: unknown): ArrayBufferView {
	// A hostile number or length would otherwise become an allocation of gigabytes.
	if (!isView(name) || !(buffer instanceof ArrayBuffer)) throw new TypeError('not a view');
	const View = (globalThis as unknown as Record<string, View>)[name] as View;
	return new View(buffer, at, length);
}
