// @twurple/chat, over WebSocket, or over TCP with the argument "tcp". It fetches
// its token's details from Twitch, so that here it reads anonymously.
import { ChatClient } from '@twurple/chat';
import { MessageTypes } from 'ircv3';
import { drive, events } from './driver.mjs';

const webSocket = process.argv[2] !== 'tcp';
let client;

// pointAt sets the port, for which twurple has no option.
function pointAt(port) {
	client.irc._options.connection.port = port;
	client.irc._connection._target.port = port;
}

drive({
	connect({ host, port }) {
		client = new ChatClient({ hostName: host, ssl: false, webSocket, rejoinChannelsOnReconnect: true });
		pointAt(port);
		client.onAuthenticationSuccess(events.connected);
		client.irc.onAnyMessage(({ command }) => command === 'RECONNECT' && events.asked());
		client.onJoin((room, user) => user === client.irc.currentNick && events.joined(room));
		client.onPart((room, user) => user === client.irc.currentNick && events.parted(room));
		client.onMessage((room, user, text) => events.heard(room, user, text));
		client.onJoinFailure((room, reason) => events.error(`join ${room}: ${reason}`));
		client.irc.onTypedMessage(MessageTypes.Commands.Pong, events.pong);
		client.connect();
	},
	join: ({ room }) => client.join(room),
	part: ({ room }) => client.part(room),
	say() { throw new Error('an anonymous reader cannot speak'); },
	ping: () => client.irc.pingCheck(),
	quit: () => client.quit(),
});
