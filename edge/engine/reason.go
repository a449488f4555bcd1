package engine

// Reason is why a connection ended. Every close has exactly one, and it is the
// same in the log, in the metric label and in what the client is told.
type Reason uint8

const (
	ReasonNone            Reason = iota
	ReasonEOF                    // the peer closed
	ReasonError                  // the socket failed
	ReasonQuit                   // the client said QUIT, or closed its WebSocket
	ReasonDrain                  // this process is ending
	ReasonSlow                   // the peer did not read for SlowTimeout, or left more than ReplyBytesMax unread
	ReasonFlood                  // more input than the flood limit allows
	ReasonProtocol               // input that breaks its protocol
	ReasonInputTooLong           // a line or frame without an end
	ReasonHeaderTimeout          // no whole HTTP request in time
	ReasonRegisterTimeout        // not registered in time
	ReasonPingTimeout            // no answer to PING
	ReasonAuth                   // login failed
	ReasonDone                   // the HTTP exchange is over
	ReasonBrokenOff              // what it was being sent will never be whole
	ReasonRefusedFull            // never admitted: MaxConns
	ReasonRefusedAddress         // never admitted: MaxConnsPerIP
	ReasonRefusedDrain           // never admitted: this process is ending
	reasonCount
)

var reasonNames = [reasonCount]string{
	"none", "eof", "error", "quit", "drain", "slow", "flood", "protocol", "input_too_long",
	"header_timeout", "register_timeout", "ping_timeout", "auth", "done", "broken_off",
	"refused_full", "refused_address", "refused_drain",
}

var reasonTexts = [reasonCount]string{
	"", "", "", "Goodbye", "Server is restarting, reconnect", "Too slow to read", "Too many lines", "Protocol error", "Input too long",
	"No request in time", "Not registered in time", "Ping timeout", "Login failed", "", "",
	"Server is full", "Too many connections from your address", "Server is restarting, reconnect",
}

// String is the label of the reason in metrics.
func (r Reason) String() string { return reasonNames[r] }

// Text is what a person may be told.
func (r Reason) Text() string { return reasonTexts[r] }

// refused reports whether the connection was never admitted.
func (r Reason) refused() bool { return r >= ReasonRefusedFull }
