package chat

import "time"

// Event is something that happened in a room. Events of a room are numbered and
// reach every edge in that order. The kinds are *Message, *Clearing, *Deletion,
// *ModeChange, *Announcement, *Raid and *Gap; and in the room Everywhere, *Whisper and
// *Notify.
type Event interface {
	// Where tells the room and the position in it.
	Where() *Place
}

// Place is where an event belongs.
type Place struct {
	Room   string // lower case, without '#'
	RoomID string // decimal, stable for the room
	Epoch  uint64 // a life of the room's counter, past one process; 0 within one
	Seq    uint64 // position in the room; it grows by one in an epoch, and jumps ahead when a room begins again
	Time   time.Time
	Late   bool // it was delivered where it was said before it had this number
}

// Where implements Event.
func (p *Place) Where() *Place { return p }

// Origin names the connection that a line came from, so that its edge can
// answer the sender and skip it in the fan-out. Only that edge can read Conn.
type Origin struct {
	Edge uint64 // the process: a random number, or 0 where there is one alone
	Conn uint64
}

// Message is one accepted line of chat.
type Message struct {
	Place
	ID        string // UUID; unique for ever
	User      *User
	Roles     Roles
	Text      string // normalised; valid UTF-8 without control bytes
	Action    bool   // "/me": relayed as CTCP ACTION
	First     bool   // the user's first line in this room ever
	Returning bool   // new to the room within 30 days, and come again
	Emotes    string // as in the tag: "25:0-4,12-16/1902:6-10", in code points
	Nonce     string // client-nonce of the sender, or empty
	Reply     *Reply // nil unless the line answers another
	Origin    Origin
}

// Clearing removes lines from view: those of one user, who is banned or timed out, or
// all.
type Clearing struct {
	Place
	Target *User         // nil: all lines
	For    time.Duration // a timeout; 0 with a Target is a ban, and its sessions leave the room
}

// Deletion removes one line from view.
type Deletion struct {
	Place
	MessageID string
	Login     string // who had said it
	Text      string
}

// ModeChange tells what one mode of the room is now.
type ModeChange struct {
	Place
	Mode   Mode
	Modes  Modes
	Notice Notice // that all members are told
}

// Mode names one of Modes.
type Mode uint8

const (
	ModeSlow Mode = iota
	ModeFollowers
	ModeSubscribers
	ModeEmotes
	ModeUnique
)

// Announcement is a line that a moderator sets apart.
type Announcement struct {
	Place
	ID    string
	User  *User
	Roles Roles
	Text  string
	Color string // PRIMARY, BLUE, GREEN, ORANGE or PURPLE
}

// Raid tells that the room's viewers are sent to another room.
type Raid struct {
	Place
	ID      string
	User    *User // the broadcaster who raids
	Roles   Roles // of the User in Place.Room
	Target  string
	Viewers int
	Off     bool // the raid is called off
}

// Gap stands where lines were, which have reached some members and will not reach the
// others.
type Gap struct {
	Place
	Missed uint64
}

// Everywhere is the room of what is for users wherever they are. No client can name it,
// and every edge is in it.
const Everywhere = "*"

// Whisper is a line to all sessions of one user, outside every room but Everywhere.
type Whisper struct {
	Place
	To       string // login
	ID       string // counts up per thread
	ThreadID string // the ids of both, the lower first: "4_5"
	From     *User
	Emotes   string // as in Message
	Text     string
}

// Notify tells all sessions of some users that are in a room something about it. It
// travels in Everywhere.
type Notify struct {
	Place
	Logins []string
	About  string // the room
	Notice Notice
}

// Reply quotes the line that a message answers, and the head of its thread.
type Reply struct {
	ParentID, ThreadID     string
	ParentUser, ThreadUser *User
	ParentText             string
}
