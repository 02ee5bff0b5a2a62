import { Game } from './game.js';
import { Lobby } from './lobby.js';
import { Profile } from './profile.js';
import { Session } from './session.js';

const profile = new Profile();
const lobby = new Lobby(async (slave) => {
	const place = await Session.open(slave, profile);
	new Game(slave, place, (reason) => lobby.show(reason));
});
