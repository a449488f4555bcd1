package load

// state is how far a member has come. The order matters: states before ready
// have not reached the room.
type state uint8

const (
	connecting  state = iota // connect(2) is under way
	upgrading                // the HTTP request is sent
	registering              // NICK is sent
	joining                  // JOIN is sent
	ready                    // 366 came
	ended                    // the descriptor is closed
)

// member is one connection. The swarm owns it.
type member struct {
	fd        int32
	state     state
	paused    bool   // not in the epoll: see Pause
	closing   bool   // a close frame came
	reconnect bool   // RECONNECT came
	pinged    bool   // PING came
	away      bool   // it was in, lost its connection or left, and comes back
	parting   bool   // PART is sent, and comes back from the server
	excused   bool   // the server had it leave, and the NOTICE that says why is to come
	carry     []byte // what was read and is neither taken apart nor known to stand in the transcript

	room *transcript
	at   int64 // its place in the transcript: behind it is what it has not got
	size int32 // of the frame that is being read, its payload; 0 between frames
	done int32 // bytes of that payload that have come, and stand at place at
}

// Fate is what has become of one member.
type Fate struct {
	Ready, Ended bool
	Told         int64  // lines that NOTICEs said will not come
	Reconnect    bool   // by RECONNECT
	LastWords    string // text of the last NOTICE, ERROR or close frame; kept for the first fatesMax members only
	Lost         int64  // lines it has not seen, of those in Fate's sent
}

// fatesMax bounds for how many members the last words are kept.
const fatesMax = 256
