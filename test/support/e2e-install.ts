import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { missingPackages } from '../netlab/netlab.js';
import { BROWSERS, type BrowserName, findBrowser } from './browsers.js';

/** Sees to it that the system has the browsers of the tests; ends the process with one line of advice if it cannot. */
export function ensureBrowsers(): void {
	const missing = () => (Object.keys(BROWSERS) as BrowserName[]).filter((name) => findBrowser(name) === undefined);
	const packages = missing().map((name) => BROWSERS[name].package);
	install(packages);
	if (missing().length === 0) return;
	console.error(`The tests need ${missing().join(' and ')}: apt-get install ${packages.join(' ')}`);
	process.exit(1);
}

/** The same for what the test network is made with; its tests are skipped if it cannot, which it says in one line. */
export function ensureNetlab(): void {
	const packages = missingPackages();
	if (packages.includes('coturn')) keepFromStarting('coturn', () => install(packages));
	else install(packages);
	const missing = missingPackages();
	if (missing.length > 0) console.log(`The tests of networks need: apt-get install ${missing.join(' ')}`);
}

function mayInstall(): boolean {
	return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

function install(packages: string[]): void {
	if (packages.length === 0 || !mayInstall()) return;
	console.log(`Installing ${packages.join(' and ')} for the tests, this may take some minutes`);
	aptGet('update');
	aptGet('install', '--yes', '--no-install-recommends', ...packages);
}

/** Asked by Debian's packages before they start a service (invoke-rc.d); 101 forbids it. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs a package with a service of the same name, which the tests want as a program only: it does not start now,
 * nor when the system does.
 */
function keepFromStarting(service: string, installing: () => void): void {
	if (!mayInstall()) return;
	const unit = `/etc/systemd/system/${service}.service`;
	if (existsSync('/etc/systemd/system') && lstatSync(unit, { throwIfNoEntry: false }) === undefined) {
		symlinkSync('/dev/null', unit);
	}
	const ours = !existsSync(POLICY);
	if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
	try {
		installing();
	} finally {
		if (ours) rmSync(POLICY, { force: true });
	}
}

/** What apt-get says of its success interests nobody; its errors are shown. */
function aptGet(...args: string[]): void {
	spawnSync('apt-get', ['-qq', '-o=Dpkg::Use-Pty=0', ...args], {
		env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
		stdio: ['ignore', 'ignore', 'inherit'],
	});
}
