package link

import (
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/exchange"
	wire "uproar/proto/link"
)

// FuzzSubmissionOf: whatever an edge says, a line that is handed to clue can be carried to every member, and its room and
// its sender are such as clients know them by.
func FuzzSubmissionOf(f *testing.F) {
	f.Add("room", "7", "ann", "Ann", "#112233", "hello", "nonce", "id", false)
	f.Add("*", "", "", "", "", "", "", "", true)
	f.Add("room", "7", "ann", "A\r\nn", "red", "\x01ACTION waves\x01", "\xff", strings.Repeat("x", 37), false)
	f.Add("room", "7", "ann", "Ann", "", strings.Repeat("\u00fc", 600), "", "", false)
	f.Fuzz(func(t *testing.T, room, id, login, display, color, text, nonce, replyTo string, anonymous bool) {
		s := wire.Submission{
			Ticket: 1, Origin: 2, Left: time.Second, Room: room, Text: text, Nonce: nonce, ReplyTo: replyTo,
			User: wire.User{ID: id, Login: login, Display: display, Color: color, Anonymous: anonymous},
		}
		frame, err := wire.AppendSubmissions(nil, []wire.Submission{s})
		if err != nil {
			return // it cannot travel
		}
		got, err := wire.ParseSubmissions(nil, frame[5:])
		if err != nil || got[0] != s {
			t.Fatalf("%+v became %+v, %v", s, got, err)
		}
		sub, ok := submissionOf(&got[0], 3)
		if !ok {
			return
		}
		if !chat.ValidName([]byte(sub.Room)) || !chat.ValidName([]byte(sub.User.Login)) || sub.Origin != (chat.Origin{Edge: 3, Conn: 2}) {
			t.Fatalf("%+v", sub)
		}
		line := clue.Parse(sub.Text)
		if line.Text == "" {
			return // there is nothing to say
		}
		m := &chat.Message{
			Place: chat.Place{Room: sub.Room, RoomID: "1", Time: time.Now()}, ID: "id", User: sub.User, Text: line.Text,
			Nonce: sub.Nonce, Origin: sub.Origin,
		}
		if _, err := exchange.AppendBody(nil, exchange.Stamp{}, sub.Room, []chat.Event{m}); err != nil {
			t.Fatal(err)
		}
	})
}
