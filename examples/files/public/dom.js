/**
 * The element with an id, which must be there.
 *
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @param {new () => Kind} [kind]
 * @returns {Kind}
 */
export function byId(id, kind) {
	const found = document.getElementById(id);
	if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`The page has no #${id}`);
	return /** @type {Kind} */ (found);
}

/**
 * A new element. Its content is always text: what others wrote never becomes markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, className = '', text = '') {
	const element = document.createElement(tag);
	element.className = className;
	element.textContent = text;
	return element;
}
