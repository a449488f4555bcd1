package chat

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"uproar/core/chat"
	"uproar/edge/engine"
	"uproar/proto/ws"
)

// wsMessage is one message that a member read.
type wsMessage struct {
	text   string
	packed bool
	bytes  int // on the wire, header left out
}

// messages cuts what a member read into messages, and inflates those that are compressed.
func messages(t testing.TB, in []byte) (all []wsMessage) {
	t.Helper()
	for len(in) > 0 {
		packed := in[0]&0x40 != 0
		plain := bytes.Clone(in)
		plain[0] &^= 0x40
		op, payload, n, err := ws.NextServerFrame(plain, 1<<20)
		if err != nil || n == 0 || op != ws.OpText {
			t.Fatalf("read a frame of op %d, %d bytes (%v): %.20x", op, n, err, in)
		}
		m := wsMessage{string(payload), packed, len(payload)}
		if packed {
			r := flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatalf("cannot inflate %x: %v", payload, err)
			}
			m.text = string(text)
		}
		all = append(all, m)
		in = in[n:]
	}
	return all
}

func joined(all []wsMessage) string {
	text := ""
	for _, m := range all {
		text += m.text
	}
	return text
}

func crowdOf(n int, text string) (lines []chat.Event) {
	for i := range n {
		lines = append(lines, message(nil, fmt.Sprint(text, i)))
	}
	return lines
}

func TestLongBatchIsOneCompressedMessage(t *testing.T) {
	h := newHall(t, engine.Config{})
	packed, plain := h.member(WireDeflate, withTags, "zed"), h.member(WireTCP, withTags, "bob")
	h.accept(crowdOf(20, "line ")...)
	got, want := messages(t, packed.read()), string(plain.read())
	if len(got) != 1 || !got[0].packed || got[0].text != want {
		t.Fatalf("read %v, want one compressed message of %q", got, want)
	}
	if got[0].bytes*4 > len(want) {
		t.Errorf("%d bytes came to %d", len(want), got[0].bytes)
	}
	m := &h.hub.meters
	if in, out := m.deflateIn.Get(), m.deflateOut.Get(); in != uint64(len(want)) || out < uint64(got[0].bytes) || out > uint64(got[0].bytes+10) {
		t.Errorf("counted %d bytes in and %d out, it was %d and %d", in, out, len(want), got[0].bytes)
	}
}

func TestShortBatchAndRepliesAreNotCompressed(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireDeflate, "", "zed")
	h.accept(message(nil, "hello"))
	got := messages(t, g.read())
	if len(got) != 1 || got[0].packed || !strings.Contains(got[0].text, "hello") {
		t.Errorf("read %v, want a line as it is", got)
	}
	answer := messages(t, []byte(g.do("PING :"+strings.Repeat("x", 400)+"\r\n")))
	if len(answer) != 1 || answer[0].packed {
		t.Errorf("read %v, want a reply as it is", answer)
	}
}

// TestCompressedMessagesHaveABound: libraries have one, too.
func TestCompressedMessagesHaveABound(t *testing.T) {
	h := newHall(t, engine.Config{})
	packed, plain := h.member(WireDeflate, withTags, "zed"), h.member(WireTCP, withTags, "bob")
	h.accept(crowdOf(300, strings.Repeat("word ", 20))...)
	got, want := messages(t, packed.read()), string(plain.read())
	if joined(got) != want {
		t.Fatalf("read %d bytes, want %d", len(joined(got)), len(want))
	}
	for _, m := range got {
		if !m.packed || len(m.text) > packedBytesMax || !strings.HasSuffix(m.text, "\r\n") {
			t.Errorf("a message of %d bytes (compressed %v) ends in %q", len(m.text), m.packed, m.text[len(m.text)-9:])
		}
	}
	if least := len(want)/packedBytesMax + 1; len(got) > least+1 {
		t.Errorf("%d messages, %d would do", len(got), least)
	}
}

func TestWriterOfALineReadsTheOthersUncompressed(t *testing.T) {
	h := newHall(t, engine.Config{})
	writer, reader := h.member(WireDeflate, "", "ann"), h.member(WireDeflate, "", "bob")
	lines := slices.Insert(crowdOf(10, "other "), 4, chat.Event(message(writer, "mine")))
	h.accept(lines...)
	own := messages(t, writer.read())
	if text := joined(own); strings.Contains(text, "mine") || strings.Count(text, "PRIVMSG") != 10 {
		t.Errorf("the writer read %q", text)
	}
	for _, m := range own {
		if m.packed {
			t.Errorf("the writer read a compressed message: %q", m.text)
		}
	}
	if all := messages(t, reader.read()); len(all) != 1 || strings.Count(all[0].text, "PRIVMSG") != 11 {
		t.Errorf("the other member read %v", all)
	}
}

// TestSlowMemberOfCompressedLinesIsToldOfGap: what it missed is counted in lines.
func TestSlowMemberOfCompressedLinesIsToldOfGap(t *testing.T) {
	h := newHall(t, engine.Config{OutboxBytesMax: 2048})
	slow := h.member(WireDeflate, withTags, "slow")
	sent := 0
	for slow.seats[0].missed == 0 {
		h.accept(crowdOf(40, fmt.Sprint(sent, " "))...)
		sent += 40
	}
	if missed := slow.seats[0].missed; missed != 40 {
		t.Fatalf("missed %d, want a whole batch of 40", missed)
	}
	var got []byte
	for !bytes.Contains(got, []byte(gapMsgID)) {
		got = append(got, slow.read()...)
		h.loop.Turn(func() {})
	}
	if text := joined(messages(t, got)); strings.Count(text, "PRIVMSG") != sent-40 || !strings.Contains(text, ":40 lines of this room") {
		t.Errorf("read %d of %d lines: %.200q", strings.Count(text, "PRIVMSG"), sent, text)
	}
}

// TestUncompressedWritesHaveABound: a slow member misses no more than one holds.
func TestUncompressedWritesHaveABound(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.member(WireTCP, withTags, "bob")
	l := loopOf(h.loop.Loop)
	events := crowdOf(300, strings.Repeat("x", 300))
	for _, wire := range []Wire{WireTCP, WireIRC} {
		b := &batch{events: events}
		enc := l.encode(b, variant{wire, capTags})
		start, from := 0, 0
		for _, stop := range enc.stops {
			end := enc.ends[stop-1]
			if stop <= from || end-start > writeBytesMax {
				t.Errorf("wire %d: events %d to %d are %d bytes", wire, from, stop, end-start)
			}
			start, from = end, stop
		}
		if from != len(events) || len(enc.stops) != len(enc.buf.B)/writeBytesMax+1 {
			t.Errorf("wire %d: %d bytes in writes that end at %v", wire, len(enc.buf.B), enc.stops)
		}
		b.reset()
	}
}

// players are lines of short commands, each of somebody else.
func players(n int) (lines []chat.Event) {
	commands := []string{"!join", "!play", "!points", "!up", "!left", "!right", "KEKW", "LUL", "gg", "!vote 2", "!song", "W"}
	for i := range n {
		nr := i * 7919 % 121_000
		m := message(nil, commands[nr%len(commands)])
		m.ID = fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", nr*2654435761&0xffffffff, nr%65521, nr%4093, nr%4091, nr*40503)
		m.User = &chat.User{ID: fmt.Sprint(1_000_000_000 + nr*7907), Login: fmt.Sprint("viewer", nr), Display: fmt.Sprint("Viewer", nr), Color: "#112233"}
		lines = append(lines, m)
	}
	return lines
}

// BenchmarkEncode is what one batch costs its loop before it is written to anybody.
func BenchmarkEncode(b *testing.B) {
	for _, wire := range []Wire{WireIRC, WireDeflate} {
		for _, caps := range []capabilities{0, capTags} {
			for _, lines := range []int{5, 50, 500} {
				b.Run(fmt.Sprintf("wire=%d/caps=%d/lines=%d", wire, caps, lines), func(b *testing.B) {
					l, events, work := loopOf(newHall(b, engine.Config{}).loop.Loop), players(lines), &batch{}
					bytes := 0
					b.ReportAllocs()
					for b.Loop() {
						work.events = events
						enc := l.encode(work, variant{wire, caps})
						if bytes = len(enc.buf.B); enc.packed != nil {
							bytes = len(enc.packed.B)
						}
						work.reset()
					}
					b.ReportMetric(float64(bytes), "bytes/member")
				})
			}
		}
	}
}

// BenchmarkBurst is half a second of 865 lines a second to a part of a large room.
func BenchmarkBurst(b *testing.B) {
	const members = 200
	for _, wire := range []Wire{WireIRC, WireDeflate} {
		b.Run(fmt.Sprintf("wire=%d", wire), func(b *testing.B) {
			h := newHall(b, engine.Config{})
			var guests []*guest
			for range members {
				guests = append(guests, h.member(wire, "", "bob"))
			}
			lines, r := players(432), loopOf(h.loop.Loop).rooms["room"]
			b.ReportAllocs()
			for b.Loop() {
				h.loop.Turn(func() { r.add(lines) })
				b.StopTimer() // the sockets must not fill
				for _, g := range guests {
					g.read()
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/member")
		})
	}
}
