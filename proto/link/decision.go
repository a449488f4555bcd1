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
	Text  string // up to NoticeBytesMax
}

// Decision answers one submission: clue.Decision, without what whoever asks has kept.
type Decision struct {
	Ticket  uint32
	Origin  uint64
	Outcome Outcome
	Roles   uint8 // chat.Roles of the sender in the room
	Notice  Notice
	Events  string // a part of a payload, whose position says nothing; up to EventsBytesMax, or empty
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
	c.text("events", d.Events, EventsBytesMax)
	c.notice(&d.Notice)
	if d.Outcome < Accepted || d.Outcome > outcomeLast {
		panic("BUG: decision without an outcome")
	}
	if c.err != nil {
		return dst, c.err
	}
	dst = appendAsker(dst, d.Ticket, d.Origin)
	dst = append(dst, byte(d.Outcome), d.Roles)
	dst = appendNotice(dst, &d.Notice)
	return appendText(dst, d.Events), nil
}

func (c *cursor) decision(d *Decision) {
	d.Ticket, d.Origin = c.asker()
	if d.Outcome = Outcome(c.byte(byte(outcomeLast))); d.Outcome == 0 {
		c.fail("value out of range")
	}
	d.Roles = c.byte(255)
	c.notice(&d.Notice)
	d.Events = c.text(EventsBytesMax)
}

func (c *checks) notice(n *Notice) {
	c.text("id of a notice", n.MsgID, WordBytesMax)
	c.text("notice", n.Text, NoticeBytesMax)
}

func appendNotice(dst []byte, n *Notice) []byte {
	return appendText(appendText(dst, n.MsgID), n.Text)
}

func (c *cursor) notice(n *Notice) {
	n.MsgID = c.text(WordBytesMax)
	n.Text = c.text(NoticeBytesMax)
}
