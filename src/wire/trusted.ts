import type { Read } from './messages.js';

/**
 * Reads a text frame without its schema. A page trusts its master, which usually serves the page too and has checked
 * what it passes on; the schemas would be a fifth of the script. Node programs check everything.
 */
export function readTrusted<Message extends { t: string }>(text: string): Read<Message> {
	try {
		const message = JSON.parse(text) as Message;
		if (typeof message.t === 'string') return { ok: true, message };
	} catch {
		// Not JSON, or null.
	}
	return { ok: false, problem: 'not a message' };
}
