package link

import (
	"encoding/binary"
	"time"
)

// User is one account as an edge knows it: chat.User.
type User struct {
	ID, Login, Display, Color string
	Anonymous                 bool
}

// Submission is one line that somebody wants to say: clue.Submission.
type Submission struct {
	Ticket  uint32        // of the edge; comes back with the decision
	Origin  uint64        // of the edge; likewise
	Left    time.Duration // how long the edge still waits, in whole milliseconds, up to LeftMax: hosts' clocks differ
	Sent    time.Duration // when, on a clock of the edge that begins anywhere, in whole milliseconds: see SentMax
	Room    string        // up to RoomBytesMax
	User    User
	Text    string // up to TextBytesMax
	Nonce   string // up to WordBytesMax, or empty
	ReplyTo string // likewise
}

// LeftMax bounds Left; more is cut to it.
const LeftMax = time.Minute

// SentMax bounds Sent; more is cut to it. Only differences within a connection count: what takes far longer than
// the rest from Sent to the clue process has been held up on the way.
const SentMax = 1 << 40 * time.Millisecond

// AppendSubmissions appends submissions frames.
func AppendSubmissions(dst []byte, ss []Submission) ([]byte, error) {
	return appendBatch(dst, KindSubmissions, ss, appendSubmission)
}

// ParseSubmissions appends the entries of a submissions frame to dst. On an error, those before the broken one are
// there; the connection is to be ended all the same.
func ParseSubmissions(dst []Submission, body []byte) ([]Submission, error) {
	return parseBatch(dst, KindSubmissions, body, (*cursor).submission)
}

func appendSubmission(dst []byte, s *Submission) ([]byte, error) {
	var c checks
	c.text("room name", s.Room, RoomBytesMax)
	c.text("text", s.Text, TextBytesMax)
	c.text("nonce", s.Nonce, WordBytesMax)
	c.text("id of a line", s.ReplyTo, WordBytesMax)
	c.user(&s.User)
	if c.err != nil {
		return dst, c.err
	}
	dst = appendAsker(dst, s.Ticket, s.Origin)
	dst = appendTimes(dst, s.Left, s.Sent)
	dst = appendText(dst, s.Room)
	dst = appendUser(dst, &s.User)
	dst = appendText(dst, s.Text)
	dst = appendText(dst, s.Nonce)
	return appendText(dst, s.ReplyTo), nil
}

func (c *cursor) submission(s *Submission) {
	s.Ticket, s.Origin = c.asker()
	s.Left, s.Sent = c.times()
	s.Room = c.text(RoomBytesMax)
	c.user(&s.User)
	s.Text = c.text(TextBytesMax)
	s.Nonce = c.text(WordBytesMax)
	s.ReplyTo = c.text(WordBytesMax)
}

// appendTimes appends how long is left, and when that was.
func appendTimes(dst []byte, left, sent time.Duration) []byte {
	dst = binary.AppendUvarint(dst, uint64(max(0, min(left, LeftMax).Milliseconds())))
	return binary.AppendUvarint(dst, uint64(max(0, min(sent, SentMax).Milliseconds())))
}

func (c *cursor) times() (left, sent time.Duration) {
	left = time.Duration(c.number(uint64(LeftMax.Milliseconds()))) * time.Millisecond
	return left, time.Duration(c.number(uint64(SentMax.Milliseconds()))) * time.Millisecond
}

// appendAsker appends what names a question. An origin uses all its bits, so its length is fixed.
func appendAsker(dst []byte, ticket uint32, origin uint64) []byte {
	dst = binary.BigEndian.AppendUint64(dst, origin)
	return binary.AppendUvarint(dst, uint64(ticket))
}

func (c *cursor) asker() (ticket uint32, origin uint64) {
	origin = c.fixed64()
	return uint32(c.number(1<<32 - 1)), origin
}

func (c *checks) user(u *User) {
	c.text("user id", u.ID, WordBytesMax)
	c.text("login", u.Login, RoomBytesMax)
	c.text("display name", u.Display, DisplayBytesMax)
	c.text("colour", u.Color, WordBytesMax)
}

func appendUser(dst []byte, u *User) []byte {
	dst = append(dst, flags(u.Anonymous))
	dst = appendText(dst, u.ID)
	dst = appendText(dst, u.Login)
	dst = appendText(dst, u.Display)
	return appendText(dst, u.Color)
}

func (c *cursor) user(u *User) {
	u.Anonymous = c.byte(1) == 1
	u.ID = c.text(WordBytesMax)
	u.Login = c.text(RoomBytesMax)
	u.Display = c.text(DisplayBytesMax)
	u.Color = c.text(WordBytesMax)
}
