import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('slave.ts', import.meta.url));
/** How long a slave may take to end, in milliseconds. */
const PATIENCE = 5000;

/** A slave of the demo in a process of its own, which ends at the latest when this one does. */
export class SlaveProcess {
	readonly #child: ChildProcess;
	readonly #ended: Promise<unknown>;
	#stopping = false;

	constructor(name: string, { places, hue, master }: { places: number; hue: number; master: string }) {
		const args = [name, String(places), String(hue)];
		this.#child = fork(PROGRAM, args, { env: { ...process.env, MASTER: master } });
		this.#ended = once(this.#child, 'exit');
		this.#child.once('exit', () => {
			if (this.#stopping) return;
			console.log(
				`${name} has ended. Start it again:  MASTER=${master} npx tsx examples/demo/slave.ts ${args.join(' ')}`,
			);
		});
	}

	/** Ends the process, in any case. */
	async stop(when: 'at once' | 'when players have finished'): Promise<void> {
		this.#stopping = true;
		if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
		const patience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE);
		if (when === 'when players have finished') this.#child.kill('SIGTERM');
		else if (this.#child.connected) this.#child.disconnect();
		await this.#ended;
		clearTimeout(patience);
	}
}
