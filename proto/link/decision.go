package link

// Outcome is what became of a submission: clue.Outcome, and what only a link has.
type Outcome uint8

// The outcomes. The first four have the numbers of clue's.
const (
	Accepted    Outcome = iota + 1 // Events holds the line; it has been published
	Rejected                       // Notice says why
	Ignored                        // nothing to say
	Told                           // a command was carried out; Notice is what to tell, Events what members have been shown
	Busy                           // shed: the clue process has too much waiting, and nothing was queued
	Stopped                        // the clue process is ending, and nothing was queued: another may be asked
	outcomeLast = Stopped
)

// Notice is what a person is told: chat.Notice.
type Notice struct {
	MsgID string // up to WordBytesMax
	Text  string // up to TextBytesMax
}

// Decision answers one submission: clue.Decision.
type Decision struct {
	Ticket  uint32
	Origin  uint64
	Outcome Outcome
	Roles   uint8 // chat.Roles of the sender in the room
	Room    string
	User    User
	Nonce   string
	Notice  Notice
	Events  string // encoded as in a payload's part, up to EventsBytesMax, or empty
}

// AppendDecisions appends decisions frames.
func AppendDecisions(dst []byte, ds []Decision) ([]byte, error) {
	return appendBatch(dst, KindDecisions, ds, appendDecision)
}

// ParseDecisions appends the entries of a decisions frame to dst, as ParseSubmissions does.
func ParseDecisions(dst []Decision, body []byte) ([]Decision, error) {
	return parseBatch(dst, KindDecisions, body, (*cursor).decision)
}

func appendDecision(dst []byte, d *Decision) ([]byte, error) {
	var c checks
	c.text("room name", d.Room, RoomBytesMax)
	c.text("nonce", d.Nonce, WordBytesMax)
	c.text("events", d.Events, EventsBytesMax)
	c.notice(&d.Notice)
	c.user(&d.User)
	if d.Outcome < Accepted || d.Outcome > outcomeLast {
		panic("BUG: decision without an outcome")
	}
	if c.err != nil {
		return dst, c.err
	}
	dst = appendAsker(dst, d.Ticket, d.Origin)
	dst = append(dst, byte(d.Outcome), d.Roles)
	dst = appendText(dst, d.Room)
	dst = appendUser(dst, &d.User)
	dst = appendText(dst, d.Nonce)
	dst = appendNotice(dst, &d.Notice)
	return appendText(dst, d.Events), nil
}

func (c *cursor) decision(d *Decision) {
	d.Ticket, d.Origin = c.asker()
	if d.Outcome = Outcome(c.byte(byte(outcomeLast))); d.Outcome == 0 {
		c.fail("value out of range")
	}
	d.Roles = c.byte(255)
	d.Room = c.text(RoomBytesMax)
	c.user(&d.User)
	d.Nonce = c.text(WordBytesMax)
	c.notice(&d.Notice)
	d.Events = c.text(EventsBytesMax)
}

func (c *checks) notice(n *Notice) {
	c.text("id of a notice", n.MsgID, WordBytesMax)
	c.text("notice", n.Text, TextBytesMax)
}

func appendNotice(dst []byte, n *Notice) []byte {
	return appendText(appendText(dst, n.MsgID), n.Text)
}

func (c *cursor) notice(n *Notice) {
	n.MsgID = c.text(WordBytesMax)
	n.Text = c.text(TextBytesMax)
}
