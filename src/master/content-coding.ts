/** How a file may travel: as it is (`identity`) or compressed. */
export type Coding = 'br' | 'gzip' | 'identity';

/**
 * The coding that a request prefers (RFC 9110, section 12.5.3).
 *
 * @param header its `Accept-Encoding`; without one it is sent the file as it is, which everybody can read
 * @param offered what there is to choose from; the first of those that are equally welcome is taken
 * @returns `undefined` if none is acceptable
 */
export function codingFor(header: string | undefined, offered: readonly Coding[]): Coding | undefined {
	const weights = readWeights(header ?? '');
	const weightOf = (coding: Coding): number => weights.get(coding) ?? weights.get('*') ?? UNSAID[coding];
	const best = Math.max(...offered.map(weightOf));
	return best > 0 ? offered.find((coding) => weightOf(coding) === best) : undefined;
}

/** What is not named is not welcome, but for the file as it is: that is what is left when nothing else is. */
const UNSAID = { br: 0, gzip: 0, identity: 1e-4 };

/** Weights by coding, in small letters. One that cannot be read counts as 0, which refuses. */
function readWeights(header: string): Map<string, number> {
	const weights = new Map<string, number>();
	for (const item of header.toLowerCase().split(',')) {
		const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
		const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
		// The old name means the same (section 8.4.1.3).
		weights.set(name === 'x-gzip' ? 'gzip' : name, WEIGHT.test(weight) ? Number(weight) : 0);
	}
	return weights;
}

const WEIGHT = /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/;
