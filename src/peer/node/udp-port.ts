/** The UDP port of this process: all its slaves are reached there, and their sessions share it. */
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { EnslavismError, messageOf } from '../../wire/index.js';
import * as WAITS from '../../wire/waits.js';
import type { AddressOptions } from '../platform.js';

/** The one that slaves have, and those where only sessions of slaves that have ended go on. */
const ports = new Set<UdpPort>();
/** The port that the process had last, and when its last user let go of it. */
let released: { port: number; at: number } | undefined;
/** Ports are taken one after the other, so that two slaves that start together have the same. */
let taking: Promise<unknown> = Promise.resolve();

/** A port that this process has. */
export class UdpPort {
	readonly port: number;
	readonly bindAddress: string | undefined;
	/** How many slaves are reached there. */
	slaves = 0;
	#users = 0;

	constructor(port: number, bindAddress: string | undefined) {
		this.port = port;
		this.bindAddress = bindAddress;
	}

	/** A slave is reached there, until it lets go. */
	take(): this {
		this.slaves++;
		this.#use();
		return this;
	}

	letGo(): void {
		this.slaves--;
		this.#leave();
	}

	/** A connection goes over it, until what this gives is called, once. */
	hold(): () => void {
		this.#use();
		return () => this.#leave();
	}

	#use(): void {
		this.#users++;
		ports.add(this);
	}

	#leave(): void {
		if (--this.#users > 0) return;
		ports.delete(this);
		released = { port: this.port, at: performance.now() };
	}
}

/**
 * The port that the process has, or takes now, for one slave more.
 *
 * @throws EnslavismError `bad-option`, `listen-failed`
 */
export async function takePort(options: AddressOptions): Promise<UdpPort> {
	const turn = taking.then(() => taken(options));
	taking = turn.catch(() => {});
	return turn;
}

async function taken({ port, portRange, bindAddress }: AddressOptions): Promise<UdpPort> {
	const [first, last] = Array.isArray(portRange ?? []) ? (portRange ?? [port ?? 0, port ?? 0]) : [Number.NaN, 0];
	const isPort = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;
	if (
		!isPort(first) ||
		!isPort(last) ||
		first > last ||
		(portRange !== undefined && (first === 0 || port !== undefined))
	) {
		throw new EnslavismError('bad-option', 'a slave takes a UDP port (0 to 65535), or a portRange [first, last]');
	}
	if (bindAddress !== undefined && isIP(bindAddress) === 0) {
		throw new EnslavismError('bad-option', `bindAddress must be an IP address, not "${bindAddress}"`);
	}
	const fits = (each: UdpPort) => first === 0 || (each.port >= first && each.port <= last);
	const other = [...ports].find(({ slaves }) => slaves > 0);
	if (other !== undefined) {
		// Who asks for nothing is reached where the others are.
		const differs = bindAddress === undefined || bindAddress === other.bindAddress ? undefined : 'bindAddress';
		if (fits(other) && differs === undefined) return other.take();
		throw new EnslavismError(
			'listen-failed',
			`all slaves of a process are reached at one UDP port, another one's is ${other.port} of ` +
				`${other.bindAddress ?? 'all addresses'}: leave ${differs ?? (portRange ? 'portRange' : 'port')} out, or start it in another process`,
		);
	}
	const left = [...ports].find((each) => fits(each) && each.bindAddress === bindAddress);
	if (left !== undefined) return left.take();
	for (let tried = first; ; ) {
		try {
			// To the native library it would be the same socket, whatever address that is bound to.
			if ([...ports].some((each) => each.port === tried)) throw new Error('sessions of an ended slave use it');
			return new UdpPort(await probe(tried, bindAddress), bindAddress).take();
		} catch (cause) {
			if (tried < last) {
				tried++;
				continue;
			}
			if (await mayComeFree(tried)) continue;
			const which = first === last ? `UDP port ${first}` : `a UDP port from ${first} to ${last}`;
			throw new EnslavismError('listen-failed', `${which} cannot be used: ${messageOf(cause)}`, { cause });
		}
	}
}

/** How often a port that should come free is tried again, in milliseconds. */
const RETRY_MS = 20;

/** Whether this process itself may still have a port, because sessions say their last words over it. */
async function mayComeFree(port: number): Promise<boolean> {
	if (port !== released?.port || performance.now() - released.at > WAITS.portFree) return false;
	await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
	return true;
}

/** Whether a port can be had; 0 stands for any. Gives the port. */
function probe(port: number, address: string | undefined): Promise<number> {
	return new Promise((resolve, reject) => {
		const socket = createSocket(address !== undefined && isIP(address) === 6 ? 'udp6' : 'udp4');
		socket.once('error', (error) => {
			socket.close();
			reject(error);
		});
		socket.bind({ port, exclusive: true, ...(address === undefined ? {} : { address }) }, () => {
			const { port: bound } = socket.address();
			socket.close(() => resolve(bound));
		});
	});
}
