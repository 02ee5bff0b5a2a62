import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { BROWSERS, type BrowserName, findBrowser } from './browsers.js';

/** Sees to it that the system has the browsers of the tests; ends the process with one line of advice if it cannot. */
export function ensureBrowsers(): void {
	const missing = (Object.keys(BROWSERS) as BrowserName[]).filter((name) => findBrowser(name) === undefined);
	if (missing.length === 0) return;
	const packages = missing.map((name) => BROWSERS[name].package);
	if (mayInstall()) install(packages);
	if (missing.every((name) => findBrowser(name) !== undefined)) return;
	console.error(`The tests need ${missing.join(' and ')}: apt-get install ${packages.join(' ')}`);
	process.exit(1);
}

function mayInstall(): boolean {
	return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

function install(packages: string[]): void {
	console.log(`Installing ${packages.join(' and ')} for the tests, this may take some minutes`);
	aptGet('update');
	aptGet('install', '--yes', '--no-install-recommends', ...packages);
}

/** What apt-get says of its success interests nobody; its errors are shown. */
function aptGet(...args: string[]): void {
	spawnSync('apt-get', ['-qq', '-o=Dpkg::Use-Pty=0', ...args], {
		env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
		stdio: ['ignore', 'ignore', 'inherit'],
	});
}
