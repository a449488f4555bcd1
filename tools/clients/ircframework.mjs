// irc-framework, an IRC library that knows nothing of Twitch: a disconnect is
// all it understands of a drain, and to rejoin is its application's work.
import IRC from 'irc-framework';
import { drive, events } from './driver.mjs';

const client = new IRC.Client();
const rooms = new Set();
let leaving = false;

drive({
	connect({ host, port, user }) {
		client.requestCap(['twitch.tv/tags', 'twitch.tv/commands']);
		client.on('registered', () => {
			events.connected();
			for (const room of rooms) client.join('#' + room);
		});
		client.on('join', ({ nick, channel }) => nick === user && events.joined(channel));
		client.on('part', ({ nick, channel }) => nick === user && events.parted(channel));
		client.on('privmsg', ({ target, nick, message }) => events.heard(target, nick, message));
		client.on('notice', ({ tags, message }) => events.notice(tags['msg-id'] ?? '', message));
		client.on('irc error', ({ error, reason }) => events.error(`${error}: ${reason}`));
		client.on('unknown command', ({ command }) => command === 'RECONNECT' && events.asked());
		client.on('pong', events.pong);
		// Said when it gives up, as it does in its first 5 seconds at once.
		client.on('close', () => leaving || setTimeout(() => client.connect(), 500));
		client.connect({ host, port, tls: false, nick: user, username: user, password: 'oauth:anything', auto_reconnect: true });
	},
	join({ room }) { rooms.add(room); client.join('#' + room); },
	part({ room }) { rooms.delete(room); client.part('#' + room); },
	say: ({ room, text }) => client.say('#' + room, text),
	ping: () => client.ping('uproar'),
	quit() { leaving = true; client.quit(); },
});
