// Package chat is the vocabulary of Uproar: the values that clue decides on, the
// exchange carries and an edge delivers. It holds no behaviour beyond what keeps
// these values well formed, starts nothing and knows neither sockets nor stores.
//
// Every value here is immutable once it has been handed over: a *Message is read
// by many event loops at the same time without a lock.
package chat

import "time"

// Limits of the vocabulary, in the units that Twitch's clients expect.
const (
	TextRunesMax  = 500 // code points of one line; the rest is cut
	LoginBytesMax = 25  // bytes of a login or a room name
	NonceBytesMax = 64  // bytes of a client-nonce
)

// User is one account as an edge and clue see it: a snapshot, never modified.
type User struct {
	ID        string // decimal, stable for the login
	Login     string // lower case, 1 to LoginBytesMax bytes of [a-z0-9_]
	Display   string // what people read; equals Login but for case
	Color     string // "#RRGGBB", or empty when never chosen
	Anonymous bool   // justinfan: reads, never speaks, is never announced
}

// Role is what a user may do in one room. The zero Role is an ordinary viewer.
type Role uint8

const (
	Viewer Role = iota
	Moderator
	Broadcaster
)

// RoleIn is the role that follows from the names alone: a room belongs to the
// user of its name.
func RoleIn(room string, u *User) Role {
	if room == u.Login {
		return Broadcaster
	}
	return Viewer
}

// Origin names the connection that a line came from, so that its edge can
// answer the sender and skip it in the fan-out. Only that edge can read it.
type Origin uint64

// Message is one accepted line of chat.
type Message struct {
	ID     string // UUID; unique for ever
	Room   string // lower case, without '#'
	RoomID string // decimal, stable for the room
	Seq    uint64 // position in the room: grows by 1, or jumps ahead when the room begins anew after silence
	Time   time.Time
	User   *User
	Role   Role
	Text   string // normalised; valid UTF-8 without control bytes
	Action bool   // "/me": relayed as CTCP ACTION
	Nonce  string // client-nonce of the sender, or empty
	Reply  *Reply // nil unless the line answers another
	Origin Origin
}

// Reply quotes the line that a message answers, and the head of its thread.
type Reply struct {
	ParentID, ThreadID     string
	ParentUser, ThreadUser *User
	ParentText             string
}
