package link

import (
	"encoding/binary"
	"time"
)

// Admission asks whether somebody may enter rooms: clue.Admission.
type Admission struct {
	Ticket uint32
	Origin uint64
	Left   time.Duration // as in Submission
	Sent   time.Duration // likewise
	Behind bool          // to be answered after those before it of this origin
	Again  bool          // of rooms that the user has entered
	User   User
	Rooms  []string // from 1 to RoomsMax, of up to RoomBytesMax
}

// AppendAdmissions appends admissions frames.
func AppendAdmissions(dst []byte, as []Admission) ([]byte, error) {
	return appendBatch(dst, KindAdmissions, as, appendAdmission)
}

// ParseAdmissions appends the entries of an admissions frame to dst, as ParseSubmissions does.
func ParseAdmissions(dst []Admission, body []byte) ([]Admission, error) {
	return parseBatch(dst, KindAdmissions, body, (*cursor).admission)
}

func appendAdmission(dst []byte, a *Admission) ([]byte, error) {
	var c checks
	c.user(&a.User)
	for _, room := range a.Rooms {
		c.text("room name", room, RoomBytesMax)
	}
	switch {
	case c.err != nil:
		return dst, c.err
	case len(a.Rooms) == 0 || len(a.Rooms) > RoomsMax:
		return dst, tooLong("list of rooms", len(a.Rooms), RoomsMax)
	}
	dst = appendAsker(dst, a.Ticket, a.Origin)
	dst = append(dst, flags(a.Behind, a.Again))
	dst = appendTimes(dst, a.Left, a.Sent)
	dst = appendUser(dst, &a.User)
	dst = append(dst, byte(len(a.Rooms)))
	for _, room := range a.Rooms {
		dst = appendText(dst, room)
	}
	return dst, nil
}

func (c *cursor) admission(a *Admission) {
	a.Ticket, a.Origin = c.asker()
	f := c.byte(3)
	a.Behind, a.Again = f&1 != 0, f&2 != 0
	a.Left, a.Sent = c.times()
	c.user(&a.User)
	n := int(c.byte(RoomsMax))
	if n == 0 {
		c.fail("value out of range")
	}
	for range n {
		a.Rooms = append(a.Rooms, c.text(RoomBytesMax))
	}
}

// Modes are the restrictions of a room: chat.Modes. Times are in whole seconds on the wire, up to ModeMax.
type Modes struct {
	Slow, FollowersFor                                time.Duration
	FollowersOnly, SubscribersOnly, EmoteOnly, Unique bool
}

// ModeMax bounds the times of modes; more is cut to it.
const ModeMax = 366 * 24 * time.Hour

// Verdict is the answer to an admission for one room: clue.Admitted, without what whoever asks has kept.
type Verdict struct {
	Color   string // of the account, up to WordBytesMax
	Roles   uint8
	Modes   Modes
	NoModes bool   // the room is not known: Modes says nothing
	Refused bool   // Notice says why
	Missing bool   // the room does not exist
	Notice  Notice // of Refused
}

// Answer answers one admission.
type Answer struct {
	Ticket   uint32
	Origin   uint64
	Again    bool      // of the admission
	Verdicts []Verdict // one per room, in the order asked, up to RoomsMax; none as Stopped: another process may be asked
}

// AppendAnswers appends answers frames.
func AppendAnswers(dst []byte, as []Answer) ([]byte, error) {
	return appendBatch(dst, KindAnswers, as, appendAnswer)
}

// ParseAnswers appends the entries of an answers frame to dst, as ParseSubmissions does.
func ParseAnswers(dst []Answer, body []byte) ([]Answer, error) {
	return parseBatch(dst, KindAnswers, body, (*cursor).answer)
}

func appendAnswer(dst []byte, a *Answer) ([]byte, error) {
	if len(a.Verdicts) > RoomsMax {
		return dst, tooLong("list of verdicts", len(a.Verdicts), RoomsMax)
	}
	dst = appendAsker(dst, a.Ticket, a.Origin)
	dst = append(dst, flags(a.Again), byte(len(a.Verdicts)))
	for i := range a.Verdicts {
		v := &a.Verdicts[i]
		var c checks
		c.text("colour", v.Color, WordBytesMax)
		c.notice(&v.Notice)
		if c.err != nil {
			return dst, c.err
		}
		dst = appendText(dst, v.Color)
		m := &v.Modes
		dst = append(dst, v.Roles, flags(v.NoModes, v.Refused, v.Missing),
			flags(m.FollowersOnly, m.SubscribersOnly, m.EmoteOnly, m.Unique))
		dst = appendSeconds(dst, m.Slow)
		dst = appendSeconds(dst, m.FollowersFor)
		dst = appendNotice(dst, &v.Notice)
	}
	return dst, nil
}

func (c *cursor) answer(a *Answer) {
	a.Ticket, a.Origin = c.asker()
	a.Again = c.byte(1) == 1
	for range int(c.byte(RoomsMax)) {
		if c.fault != "" {
			return
		}
		var v Verdict
		c.verdict(&v)
		a.Verdicts = append(a.Verdicts, v)
	}
}

func (c *cursor) verdict(v *Verdict) {
	v.Color = c.text(WordBytesMax)
	v.Roles = c.byte(255)
	f, m := c.byte(7), c.byte(15)
	v.NoModes, v.Refused, v.Missing = f&1 != 0, f&2 != 0, f&4 != 0
	v.Modes = Modes{FollowersOnly: m&1 != 0, SubscribersOnly: m&2 != 0, EmoteOnly: m&4 != 0, Unique: m&8 != 0}
	v.Modes.Slow = c.seconds()
	v.Modes.FollowersFor = c.seconds()
	c.notice(&v.Notice)
}

func appendSeconds(dst []byte, d time.Duration) []byte {
	return binary.AppendUvarint(dst, uint64(max(0, min(d, ModeMax)/time.Second)))
}

func (c *cursor) seconds() time.Duration {
	return time.Duration(c.number(uint64(ModeMax/time.Second))) * time.Second
}
