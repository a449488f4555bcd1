// dank-twitch-irc as @mastondzn keeps it. Its WebSocket transport is broken on
// Node 20 and later, so it speaks TCP. It says lines on a second connection.
import { ChatClient } from '@mastondzn/dank-twitch-irc';
import { drive, events } from './driver.mjs';

let client;

drive({
	async connect({ host, port, user }) {
		client = new ChatClient({
			username: user,
			password: 'oauth:anything',
			connection: { type: 'tcp', secure: false, host, port },
			ignoreUnhandledPromiseRejections: true,
		});
		let lost = false;
		client.on('ready', events.connected);
		client.on('reconnect', () => { lost = true; });
		client.on('RECONNECT', events.asked);
		client.on('JOIN', ({ channelName, joinedUsername }) => {
			if (joinedUsername !== user) return;
			if (lost) events.connected(); // it says ready only once
			lost = false;
			events.joined(channelName);
		});
		client.on('PART', ({ channelName, partedUsername }) => partedUsername === user && events.parted(channelName));
		client.on('PRIVMSG', ({ channelName, senderUsername, messageText }) => events.heard(channelName, senderUsername, messageText));
		client.on('NOTICE', ({ messageID, messageText }) => events.notice(messageID, messageText));
		client.on('error', events.error);
		await client.connect();
	},
	join: ({ room }) => client.join(room),
	part: ({ room }) => client.part(room),
	say: ({ room, text }) => client.say(room, text),
	ping: () => client.ping().then(events.pong),
	quit: () => client.close(),
});
