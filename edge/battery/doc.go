// Package battery is the black-box battery: what a Twitch-flavoured IRC server
// must do, one numbered case each, driven through real sockets against the real
// server binary. It holds tests only.
//
// A case is named by number and subject, 28-join-order, and runs over TCP, over
// WebSocket, or over both: `go test ./edge/battery -run TestBattery/28`. Cases
// share one server where its default flags will do and start their own where
// not; every case uses names of its own, so that they may run side by side.
//
// The clients here share no code with the server: lines, tags and WebSocket
// frames are written and read by this package, so a bug cannot hide in both
// ends. What no command can change, such as a suspended room, is changed through
// the operators' API. github.com/coder/websocket is the second opinion for
// well-formed use.
//
// Absence is proved by order and never by waiting: a case that expects nothing
// sends something harmless afterwards and requires its answer to come next.
//
// Cases 81 to 86 drive client libraries and live with those libraries; from 87 on they
// are of what Twitch does not have.
package battery
