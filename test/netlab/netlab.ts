/**
 * A test network on one machine: hosts with an address, a way to the middle of a small internet that takes its time
 * and loses packets, and a router that may translate addresses, map ports and block UDP, all of it changeable while
 * programs run there. Linux and root only; {@link whyNoNetlab} tells what is missing.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync } from 'node:fs';
import { delimiter } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const INTERNET = fileURLToPath(new URL('./internet.py', import.meta.url));

/** Names of all namespaces begin with this, followed by the id of the process that they belong to. */
const PREFIX = 'enslavism-netlab-';

/** Hosts of one network: the third byte of an address. */
const MOST_HOSTS = 200;

/** How long a command to the network may take, in milliseconds. */
const COMMAND_MS = 15_000;

/** The programs that networks are made with and that run in them, and the Debian packages they are in. */
const PROGRAMS = { ip: 'iproute2', iptables: 'iptables', python3: 'python3', turnserver: 'coturn' } as const;

type Program = keyof typeof PROGRAMS;

/** What all tests of networks together need. */
export const EVERYTHING = Object.keys(PROGRAMS) as Program[];

/** A host's way to the middle of the internet; two of them lie between two hosts. */
export interface Road {
	/** One way, in milliseconds. Default 0. */
	delay?: number;
	/** Packets lost in each direction, in percent. Default 0. */
	loss?: number;
}

/**
 * What the router of a host does with addresses.
 *
 * - `none`: the host is on the internet itself
 * - `cone`: all that leaves has the router's address and keeps its port while it is free; only answers come in
 * - `symmetric`: the same, with another port for each destination
 */
export type Nat = 'none' | 'cone' | 'symmetric';

/** A UDP port of the router that leads to one of the host. */
export interface PortMapping {
	outside: number;
	inside: number;
}

interface Answer {
	resolve(): void;
	reject(error: Error): void;
}

/** What keeps this process from making networks, in a few words; `undefined` if nothing does. */
export function whyNoNetlab(needed: Program[] = ['ip', 'iptables', 'python3']): string | undefined {
	if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root';
	if (!canOpen('/dev/net/tun')) return 'needs /dev/net/tun';
	const missing = missingPackages(needed);
	if (missing.length > 0) return `needs apt-get install ${missing.join(' ')}`;
	return mayMakeNamespaces() ? undefined : 'needs the right to make network namespaces';
}

/** The Debian packages that a network lacks. */
export function missingPackages(needed: Program[] = EVERYTHING): string[] {
	return needed.filter((program) => !isInstalled(program)).map((program) => PROGRAMS[program]);
}

function isInstalled(program: string): boolean {
	const folders = ['/usr/sbin', '/sbin', '/usr/bin', ...(process.env.PATH ?? '').split(delimiter)];
	return folders.some((folder) => {
		try {
			accessSync(`${folder}/${program}`, constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

/** A container may show a device that it does not give. */
function canOpen(device: string): boolean {
	try {
		closeSync(openSync(device, 'r+'));
		return true;
	} catch {
		return false;
	}
}

function mayMakeNamespaces(): boolean {
	const name = `${PREFIX}${process.pid}-may`;
	try {
		execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
		execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
}

/** Takes down what processes that are no more have left behind. */
function sweep(): void {
	const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).matchAll(
		new RegExp(`^${PREFIX}(\\d+)-\\S+`, 'gm'),
	);
	for (const [name, pid] of names) {
		if (existsSync(`/proc/${pid}`)) continue;
		for (const left of execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).match(/\d+/g) ?? []) {
			try {
				process.kill(Number(left), 'SIGKILL');
			} catch {
				// It has ended meanwhile.
			}
		}
		execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
	}
}

let networks = 0;

/** A network. What runs in it ends with it, and it ends with this process, however that ends. */
export class Netlab {
	readonly #internet: ChildProcess;
	readonly #prefix: string;
	readonly #answers: Answer[] = [];
	readonly #ended: Promise<void>;
	#hosts = 0;

	private constructor() {
		sweep();
		this.#prefix = `${PREFIX}${process.pid}-${++networks}`;
		this.#internet = spawn('python3', [INTERNET, this.#prefix], { stdio: ['pipe', 'pipe', 'inherit'] });
		const { stdin, stdout } = this.#internet;
		stdin?.on('error', () => {});
		if (stdout !== null) {
			createInterface(stdout).on('line', (line) => {
				const { error } = JSON.parse(line) as { error?: string };
				const answer = this.#answers.shift();
				if (error === undefined) answer?.resolve();
				else answer?.reject(new Error(`the network: ${error}`));
			});
		}
		this.#ended = new Promise((resolve) => {
			const end = (): void => {
				for (const { reject } of this.#answers.splice(0)) reject(new Error('the network has ended'));
				resolve();
			};
			this.#internet.once('error', end);
			this.#internet.once('close', end);
		});
	}

	/** Opens an empty network. */
	static open(): Netlab {
		return new Netlab();
	}

	/** Makes a host, on the internet itself. */
	async host(name: string, { delay = 0, loss = 0 }: Road = {}): Promise<Host> {
		const number = ++this.#hosts;
		if (number > MOST_HOSTS) throw new Error(`a network has at most ${MOST_HOSTS} hosts`);
		await this.#tell({ do: 'host', name, number, delay, loss });
		return new Host(`${this.#prefix}-${name}`, number, (change) => this.#tell({ do: 'road', name, ...change }));
	}

	/** Ends every process in the network and takes it down. */
	async close(): Promise<void> {
		this.#internet.stdin?.end();
		await this.#ended;
	}

	#tell(command: object): Promise<void> {
		return new Promise((resolve, reject) => {
			const bound = setTimeout(() => reject(new Error('the network does not answer')), COMMAND_MS);
			this.#answers.push({
				resolve: () => {
					clearTimeout(bound);
					resolve();
				},
				reject: (error) => {
					clearTimeout(bound);
					reject(error);
				},
			});
			this.#internet.stdin?.write(`${JSON.stringify(command)}\n`);
		});
	}
}

/** A host of a {@link Netlab}. */
export class Host {
	/** The namespace that programs of the host run in. */
	readonly namespace: string;
	/** The host's own address. Others reach it there unless its router translates. */
	readonly address: string;
	/** The router's address, which others see when it translates. */
	readonly outside: string;
	readonly #change: (change: object) => Promise<void>;

	/** @internal */
	constructor(namespace: string, number: number, change: (change: object) => Promise<void>) {
		this.namespace = namespace;
		this.address = `10.77.${number}.2`;
		this.outside = `10.77.${number}.1`;
		this.#change = change;
	}

	/** Changes the way to the host; what is not named stays. */
	road(road: Road): Promise<void> {
		return this.#change(road);
	}

	/** Silently loses all UDP from and to the host, or no longer. What is on its way still arrives. */
	blockUdp(blocked: boolean): Promise<void> {
		return this.#change({ udp: !blocked });
	}

	/** Changes what the router does with addresses. Flows that go through it already may keep what they have. */
	async nat(kind: Nat, mappings: PortMapping[] = []): Promise<void> {
		const nat = mappings.map(
			({ outside, inside }) =>
				`-A PREROUTING -i wan -p udp --dport ${outside} -j DNAT --to-destination ${this.address}:${inside}`,
		);
		const filter: string[] = [];
		if (kind !== 'none') {
			nat.push(`-A POSTROUTING -o wan -j MASQUERADE${kind === 'symmetric' ? ' --random' : ''}`);
			filter.push(
				'-A FORWARD -i wan -m conntrack ! --ctstate ESTABLISHED,RELATED,DNAT -j DROP',
				'-A INPUT -i wan -j DROP',
			);
		}
		const rules = ['*nat', ...nat, 'COMMIT', '*filter', ...filter, 'COMMIT', ''].join('\n');
		const restoring = execute('ip', ['netns', 'exec', `${this.namespace}-r`, 'iptables-restore'], {
			timeout: COMMAND_MS,
		});
		restoring.child.stdin?.end(rules);
		await restoring;
	}
}

const execute = promisify(execFile);
