package gate

// The budgets. Raising one is a decision: say why in the commit. A figure that is far
// below its budget says so when the gate runs; lower the budget then.

// packageBudget is of a package's benchmarks: allocations per operation.
type packageBudget struct {
	pack       string
	operations int // as many as make a start's own allocations round away
	most       map[string]float64
}

var allocations = []packageBudget{
	{"./proto/irc", 2000, map[string]float64{
		"ParsePrivmsg": 0, "ParseTagged": 0, "NextLine": 0, "CleanText/ascii": 0, "CleanText/mixed": 0,
	}},
	{"./proto/ws", 2000, map[string]float64{
		"DecodeText/32": 0, "DecodeText/128": 0, "DecodeText/4096": 0, "AppendFrame": 0, "UpgradeResponse": 0,
	}},
	{"./edge/chat", 100, map[string]float64{ // an operation is a line to all members
		"Fanout/members=1": 0, "Fanout/members=100": 0, "Fanout/members=1000": 0,
	}},
	{"./core/clue", 20000, map[string]float64{
		"ClueCore/hot_room": 2, "CacheHit": 0,
	}},
	{"./core/exchange", 1000, map[string]float64{ // an operation is 64 lines
		"Decode64Lines": 4, "Inbox64Lines": 4, "AppendBody64Lines": 0, "PassOver": 0,
	}},
}

// What the built server needs, with members over WebSocket in one room.
var (
	heapPerConn       = budget{900, 60, "bytes of live heap per idle connection"}
	processPerConn    = budget{1500, 600, "bytes of process memory per idle connection"} // the collector's mood is in it: 1,050 to 1,200
	goroutinesPerConn = budget{0.001, 0.001, "goroutines per connection"}                // a few of the process's own may come and go
	writesPerDelivery = budget{1.01, 0.1, "system calls that send, per line and member"} // the sender's answers are in it; lines that meet share one
	bytesPerDelivery  = budget{158.5, 1, "bytes sent per line of 100 bytes and member"}
	binarySize        = budget{39, 1.5, "MB of server binary"} // 3 of them for video: the player of the page, what reads fMP4 and playlists
)
