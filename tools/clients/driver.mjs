// The line protocol between clients_test.go and one client library: a JSON value
// per line, commands on standard input, events on standard output. Whatever a
// library prints goes to standard error, which the test shows when it fails.
//
// Commands: {do: 'connect', host, port, user}, {do: 'join', room}, {do: 'say', room,
// text}, {do: 'part', room}, {do: 'ping'}, {do: 'quit'}; of tmi.js also {do: 'command',
// call, name, args}, which calls the method of that name.
// Events: {event: 'connected'}, {event: 'asked'} (by RECONNECT, to come back),
// {event: 'reconnected'}, {event: 'joined', room},
// {event: 'parted', room}, {event: 'heard', room, user, text}, {event: 'pong'},
// {event: 'notice', id, text}, {event: 'error', text}. Of tmi.js also: heard has the
// line's id, {event: 'answer', id} is a NOTICE as it came, and {event: 'settled', call, ok,
// text}: the promise of that command resolved to text, which is JSON, or was rejected with
// it. Of tmi.js and go-twitch-irc {event: 'whispered', user, text}.
// A room has no '#'.

import readline from 'node:readline';

for (const level of ['log', 'info', 'debug', 'warn']) {
	console[level] = console.error;
}

function emit(event) {
	process.stdout.write(JSON.stringify(event) + '\n');
}

const bare = (room) => room.replace(/^#/, '');
let connections = 0;

// What a library's driver calls when something happened.
export const events = {
	connected: () => emit({ event: connections++ === 0 ? 'connected' : 'reconnected' }),
	asked: () => emit({ event: 'asked' }),
	joined: (room) => emit({ event: 'joined', room: bare(room) }),
	parted: (room) => emit({ event: 'parted', room: bare(room) }),
	heard: (room, user, text, id) => emit({ event: 'heard', room: bare(room), user, text, id }),
	answer: (id) => emit({ event: 'answer', id }),
	whispered: (user, text) => emit({ event: 'whispered', user: bare(user), text }),
	resolved: (call, value) => emit({ event: 'settled', call, ok: true, text: JSON.stringify(value) }),
	rejected: (call, error) => emit({ event: 'settled', call, ok: false, text: String(error) }),
	notice: (id, text) => emit({ event: 'notice', id, text }),
	pong: () => emit({ event: 'pong' }),
	error: (error) => emit({ event: 'error', text: String(error?.stack ?? error) }),
};

// drive runs the commands of the test on a client: an object with a method for
// each command. A method that throws or rejects is an error event. Ends with
// the command 'quit', or when the test is gone.
export function drive(client) {
	const commands = readline.createInterface({ input: process.stdin });
	commands.on('line', async (line) => {
		const command = JSON.parse(line);
		try {
			await client[command.do](command);
		} catch (error) {
			events.error(error);
		}
		if (command.do === 'quit') {
			process.exit(0);
		}
	});
	commands.on('close', () => process.exit(0));
}
