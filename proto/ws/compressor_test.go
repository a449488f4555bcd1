package ws

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	stdflate "compress/flate"
)

// chatLines are lines of short commands, as a busy room has them: with or without tags.
func chatLines(n int, tags bool) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	commands := []string{"!join", "!play", "!points", "!up", "!left", "!right", "KEKW", "LUL", "gg", "!vote 2", "!song", "W"}
	var out bytes.Buffer
	for range n {
		login := fmt.Sprintf("viewer%d", rng.IntN(121_000))
		if tags {
			fmt.Fprintf(&out, "@badge-info=;badges=;color=#%06X;display-name=%s;emotes=;first-msg=0;flags=;id=%08x-%04x-4%03x-8%03x-%012x;mod=0;"+
				"returning-chatter=0;room-id=123456;subscriber=0;tmi-sent-ts=%d;turbo=0;user-id=%d;user-type= ", rng.IntN(1<<24), login, rng.Uint32(),
				rng.IntN(1<<16), rng.IntN(1<<12), rng.IntN(1<<12), rng.Int64N(1<<48), 1700000000000+rng.IntN(500), 1_000_000_000+rng.IntN(1_000_000_000))
		}
		fmt.Fprintf(&out, ":%s!%s@%s.tmi.twitch.tv PRIVMSG #arena :%s\r\n", login, login, login, commands[rng.IntN(len(commands))])
	}
	return out.Bytes()
}

// inflateWithGo reads the payload of one compressed message with another implementation.
func inflateWithGo(t testing.TB, payload []byte) string {
	t.Helper()
	r := stdflate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader(inflateTail)))
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("cannot inflate with Go's flate: %v", err)
	}
	return string(out)
}

// serverFrame cuts one frame, compressed or not, off what the server sent.
func serverFrame(t testing.TB, in []byte) (packed bool, payload, rest []byte) {
	t.Helper()
	h := parseStart(in)
	if !h.parseLength(in) || h.size+int(h.payloadLen) > len(in) || !h.fin || h.rsv || h.masked {
		t.Fatalf("no whole frame in %x", in)
	}
	end := h.size + int(h.payloadLen)
	return h.packed, in[h.size:end], in[end:]
}

func TestCompressedMessagesStandEachForItself(t *testing.T) {
	z := NewCompressor()
	for _, want := range []string{string(chatLines(5, true)), string(chatLines(500, false)), string(chatLines(5, true)), strings.Repeat("a", 300)} {
		packed, payload, rest := serverFrame(t, z.AppendMessage([]byte("before"), OpText, []byte(want))[len("before"):])
		if !packed || len(rest) != 0 {
			t.Fatalf("packed %v, %d bytes behind", packed, len(rest))
		}
		if got := inflateWithGo(t, payload); got != want {
			t.Errorf("got %.100q of %d bytes, want %.100q of %d", got, len(got), want, len(want))
		}
	}
}

func TestWhatDoesNotShrinkIsSentAsItIs(t *testing.T) {
	for _, text := range []string{"", "a", "no repeats"} {
		got := NewCompressor().AppendMessage(nil, OpText, []byte(text))
		if want := AppendFrame(nil, OpText, text); !bytes.Equal(got, want) {
			t.Errorf("%q: got %x, want %x", text, got, want)
		}
	}
}

func BenchmarkCompressor(b *testing.B) {
	for _, level := range []int{-2, 1, 2, 3, 5} {
		z := newCompressor(level)
		for _, tags := range []bool{false, true} {
			for _, lines := range []int{5, 50, 500} {
				b.Run(fmt.Sprintf("level=%d/tags=%v/lines=%d", level, tags, lines), func(b *testing.B) {
					in := chatLines(lines, tags)
					var out []byte
					b.SetBytes(int64(len(in)))
					b.ReportAllocs()
					for b.Loop() {
						out = z.AppendMessage(out[:0], OpText, in)
					}
					b.ReportMetric(float64(len(in))/float64(len(out)), "ratio")
				})
			}
		}
	}
}
