// tmi.js, which speaks WebSocket alone.
import tmi from 'tmi.js';
import { drive, events } from './driver.mjs';

let client;

drive({
	async connect({ host, port, user }) {
		client = new tmi.Client({
			// 443 would force TLS; the path is always "/".
			connection: { server: host, port, secure: false, reconnect: true },
			identity: { username: user, password: 'oauth:anything' },
			options: { joinInterval: 300 },
			logger: { info: console.error, warn: console.error, error: console.error, setLevel() {} },
		});
		client.on('connected', events.connected);
		client.on('raw_message', (copy, { command, tags }) => {
			if (command === 'RECONNECT') events.asked();
			if (command === 'NOTICE') events.answer(tags['msg-id'] ?? '');
		});
		client.on('join', (room, name, self) => self && events.joined(room));
		client.on('part', (room, name, self) => self && events.parted(room));
		// tmi.js hands a line to its own sender before the server has seen it.
		client.on('message', (room, tags, text, self) => self || events.heard(room, tags.username, text, tags.id));
		client.on('whisper', (from, tags, text, self) => self || events.whispered(from, text));
		client.on('notice', (room, id, text) => events.notice(id, text));
		await client.connect();
	},
	join: ({ room }) => client.join(room),
	part: ({ room }) => client.part(room),
	say: ({ room, text }) => client.say(room, text),
	ping: () => client.ping().then(events.pong),
	command: ({ call, name, args }) => client[name](...args).then(
		(value) => events.resolved(call, value),
		(error) => events.rejected(call, error),
	),
	quit: () => client.disconnect(),
});
