/** The names of a minified script that may be any others: those of variables, and of private members of classes. */
import { type Node, parse } from 'acorn';
import { analyze, type Scope, type Variable } from 'eslint-scope';

/** One variable, or one private member. */
export interface Name {
	/** Where it stands, from its declaration to its last use: offsets into the script. */
	readonly sites: number[];
	readonly text: string;
	readonly isPrivate: boolean;
	/** Whether it has to stay as it is. */
	readonly isFixed: boolean;
	/** Those that must not be the same: each would be taken for the other somewhere. */
	readonly rivals: Set<Name>;
}

/** A name while it is looked for: where it is declared, and every place from there to where it is used. */
interface Found {
	readonly name: Name;
	readonly home: object;
	readonly places: Set<object>;
}

/**
 * Finds the names of a script.
 *
 * @returns the names, in an order that depends on where they stand alone; and names of the host that are used, which none of
 * them may become
 */
export function namesOf(script: string): { names: Name[]; taken: Set<string> } {
	const tree = parse(script, { ecmaVersion: 2022, sourceType: 'module', ranges: true });
	const { globalScope, scopes } = analyze(tree as unknown as Parameters<typeof analyze>[0], {
		ecmaVersion: 2022,
		sourceType: 'module',
	});
	const { members, kept } = readTree(tree);
	const found = [...scopes.flatMap((scope) => scope.variables.map((each) => variable(each, kept))), ...members];
	for (const one of found) if (one.name.sites.length > 0) setRivals(one, found);
	const names = found.map(({ name }) => name).filter(({ sites }) => sites.length > 0);
	return {
		names: names.sort((one, other) => (one.sites[0] ?? 0) - (other.sites[0] ?? 0)),
		taken: new Set(globalScope?.through.map(({ identifier }) => String(identifier.name))),
	};
}

function setRivals(one: Found, all: readonly Found[]): void {
	for (const other of all) {
		if (other === one || !one.places.has(other.home)) continue;
		one.name.rivals.add(other.name);
		other.name.rivals.add(one.name);
	}
}

function variable({ name: text, scope, identifiers, references, defs }: Variable, kept: Set<number>): Found {
	// Outside of strict mode such a function is declared in the whole function around the block as well.
	if (scope.type === 'block' && defs.some(({ type }) => type === 'FunctionName'))
		throw new Error(`${text} is in a block`);
	const places = new Set<object>([scope]);
	for (const { from } of references)
		for (let at: Scope | null = from; at && at !== scope; at = at.upper) places.add(at);
	const all = [...identifiers, ...references.map(({ identifier }) => identifier)];
	const sites = [...new Set(all.map(({ range }) => range?.[0] ?? 0))].sort((one, other) => one - other);
	const isFixed = sites.some((site) => kept.has(site));
	return { name: { sites, text, isPrivate: false, isFixed, rivals: new Set() }, home: scope, places };
}

/** What the analysis of scopes does not tell: private members, and the places whose names mean more than a variable. */
function readTree(tree: Node): { members: Found[]; kept: Set<number> } {
	const members: Found[] = [];
	const kept = new Set<number>();
	const visit = (node: Tree, classes: readonly Map<string, Found>[]): void => {
		let within = classes;
		if (node.type === 'ClassBody') within = [declared(node), ...classes];
		if (node.type === 'ClassDeclaration' && node.id) kept.add(node.id.start);
		// `{a}` names a property, too, and so does `export {a}`.
		if (node.type === 'Property' && node.shorthand) kept.add(node.start);
		if (node.type === 'ExportSpecifier' && node.local?.start === node.exported?.start) kept.add(node.start);
		if (node.type === 'PrivateIdentifier') {
			const depth = within.findIndex((each) => each.has(String(node.name)));
			const member = within[depth]?.get(String(node.name));
			member?.name.sites.push(node.start + 1);
			for (const place of within.slice(0, depth + 1)) member?.places.add(place);
		}
		for (const child of childrenOf(node)) visit(child, within);
	};
	const declared = (body: Tree): Map<string, Found> => {
		const own = new Map<string, Found>();
		for (const { key } of childrenOf(body)) {
			const text = String(key?.name);
			if (key?.type !== 'PrivateIdentifier' || own.has(text)) continue;
			const name: Name = { sites: [], text, isPrivate: true, isFixed: false, rivals: new Set() };
			own.set(text, { name, home: own, places: new Set([own]) });
		}
		members.push(...own.values());
		return own;
	};
	visit(tree as Tree, []);
	return { members, kept };
}

/** A node with what is asked of any. */
interface Tree extends Node {
	readonly id?: Tree | null;
	readonly key?: Tree;
	readonly local?: Tree;
	readonly exported?: Tree;
	readonly shorthand?: boolean;
	readonly name?: string;
}

function childrenOf(node: Tree): Tree[] {
	return Object.values(node)
		.flat()
		.filter((value): value is Tree => typeof value?.type === 'string');
}
