import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCRIPTS } from '../../bundler.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What is built; `scripts` make the last of it. */
const SOURCES = ['bundler.ts', 'scripts', 'src'];

/**
 * Builds the package, which the examples and some tests use by its name, if a source is newer than the last build. The scripts
 * for browsers are then a little larger than those that ship: names are not looked for, which takes long.
 */
export function ensureBuilt(): void {
	const built = Math.min(...Array.from(SCRIPTS.keys(), (name) => changed(`dist/browser/${name}`)));
	const sources = SOURCES.flatMap((path) => (path.endsWith('.ts') ? [path] : filesOf(path)));
	if (sources.every((file) => changed(file) <= built)) return;
	const args = ['run', '--silent', 'build', '--', '--quick'];
	const { status } = spawnSync('npm', args, { cwd: ROOT, stdio: 'inherit' });
	if (status !== 0) process.exit(1);
}

function filesOf(folder: string): string[] {
	const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
	return files.map((file) => join(folder, file));
}

/** When a file was written, in milliseconds; 0 if there is none. */
function changed(file: string): number {
	return statSync(join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
