import { MasterConnection } from '/enslavism/streams.mjs';
import { openGuest } from './guest.js';
import { openHost } from './host.js';

// With a name behind the # the page is a guest of the tab that shares under it; without one it shares itself.
const master = new MasterConnection();
const open = () => {
	const name = decodeURIComponent(location.hash.slice(1));
	if (name === '') openHost(master);
	else openGuest(master, name);
};

addEventListener('hashchange', () => location.reload());
open();
