import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a child process answers: functions over values that survive JSON. */
export type Api = Record<string, (...args: never[]) => unknown>;

interface Call {
	call: number;
	name: string;
	args: unknown[];
}

/** A call, its answer, or a signal that is meant for another child. */
type Message = Call | { answer: number; value?: unknown; error?: string } | { signal: unknown };

/** A call that takes longer has failed. */
const LONGEST_CALL_MS = 60_000;

/** How to start a child. */
export interface ChildOptions {
	/** Network namespace to run in. */
	netns?: string | undefined;
	/** Options of Node itself. */
	node?: string[];
	/** Whether what it writes to standard error is of no interest. */
	quiet?: boolean;
}

/** A bench that fails leaves no child behind. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
	for (const child of running) child.kill('SIGKILL');
});

/** A process that runs one of the programs in `bench/support` and answers calls. */
export class Child<A extends Api> {
	/** Called with each signal of the child. */
	onSignal: (signal: unknown) => void = () => {};

	readonly #process: ChildProcess;
	readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
	#calls = 0;

	constructor(program: string, args: string[] = [], { netns, node = [], quiet = false }: ChildOptions = {}) {
		const file = fileURLToPath(new URL(program, import.meta.url));
		const command = [process.execPath, ...node, '--import', 'tsx', file, ...args];
		if (netns !== undefined) command.unshift('ip', 'netns', 'exec', netns);
		const [first = '', ...rest] = command;
		this.#process = spawn(first, rest, { stdio: ['ignore', 'inherit', quiet ? 'ignore' : 'inherit', 'ipc'] });
		this.#process.on('message', (message) => this.#receive(message as Message));
		running.add(this.#process);
		this.#process.on('exit', (code, by) => {
			running.delete(this.#process);
			for (const { reject } of this.#pending.values()) reject(new Error(`${program} ended (${code ?? by})`));
			this.#pending.clear();
		});
	}

	/** Calls a function of the child. */
	call<Name extends keyof A & string>(name: Name, ...args: Parameters<A[Name]>): Promise<Awaited<ReturnType<A[Name]>>> {
		const call = ++this.#calls;
		return new Promise((resolve, reject) => {
			const bound = setTimeout(
				() => reject(new Error(`${name} takes more than ${LONGEST_CALL_MS} ms`)),
				LONGEST_CALL_MS,
			);
			this.#pending.set(call, {
				resolve: (value) => {
					clearTimeout(bound);
					(resolve as (value: unknown) => void)(value);
				},
				reject: (error) => {
					clearTimeout(bound);
					reject(error);
				},
			});
			this.#send({ call, name, args });
		});
	}

	signal(signal: unknown): void {
		this.#send({ signal });
	}

	/** Ends the process and waits for its end. */
	async stop(): Promise<void> {
		if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
		const gone = new Promise((resolve) => this.#process.once('exit', resolve));
		this.#process.kill('SIGKILL');
		await gone;
	}

	#send(message: Message): void {
		if (this.#process.connected) this.#process.send(message);
	}

	#receive(message: Message): void {
		if ('signal' in message) this.onSignal(message.signal);
		if (!('answer' in message)) return;
		const pending = this.#pending.get(message.answer);
		this.#pending.delete(message.answer);
		if (message.error === undefined) pending?.resolve(message.value);
		else pending?.reject(new Error(message.error));
	}
}

/** In a child: answers the calls of its parent, and ends with it. */
export function answerCalls(api: Api, onSignal: (signal: unknown) => void = () => {}): void {
	process.on('message', (message: Message) => {
		if ('signal' in message) onSignal(message.signal);
		if ('call' in message) void answer(api, message);
	});
	process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}

/** In a child: sends a signal, which the parent hands on. */
export function sendSignal(signal: unknown): void {
	process.send?.({ signal });
}

async function answer(api: Api, { call, name, args }: Call): Promise<void> {
	try {
		const value = await api[name]?.(...(args as never[]));
		process.send?.({ answer: call, value });
	} catch (thrown) {
		process.send?.({ answer: call, error: thrown instanceof Error ? thrown.stack : String(thrown) });
	}
}
