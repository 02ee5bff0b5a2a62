import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../geckos/', import.meta.url));

/** Where the packages of geckos.io are, which only a bench needs; installs them. `undefined` if that does not work. */
export function installGeckos(): string | undefined {
	const modules = `${FOLDER}node_modules/@geckos.io/`;
	if (!existsSync(modules))
		spawnSync('npm', ['ci', '--silent'], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
	return existsSync(modules) ? modules : undefined;
}
