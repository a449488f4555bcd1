//go:build !race

package ws

import (
	"strings"
	"testing"
)

// The inputs of a decode are unmasked in place; under this mask they stay as they are, and can be decoded again.
var zeroMask [4]byte

func TestAllocDecodeIsFree(t *testing.T) {
	in := AppendClientFrame(nil, OpText, zeroMask, "PRIVMSG #room :hello there\r\n")
	ping := AppendClientFrame(nil, OpPing, zeroMask, "p")
	var d Decoder
	wantAllocs(t, "Next", func() {
		if ev, n, err := d.Next(in, 4096); ev.Op != OpText || n != len(in) || err != nil {
			t.Fatal("wrong event")
		}
		if ev, n, err := d.Next(ping, 4096); ev.Op != OpPing || n != len(ping) || err != nil {
			t.Fatal("wrong event")
		}
		if _, n, err := d.Next(in[:9], 4096); n != 0 || err != nil {
			t.Fatal("took half a frame")
		}
	})
}

func TestAllocFaultIsFree(t *testing.T) {
	in := AppendClientFrame(nil, OpText, zeroMask, "\xff")
	wantAllocs(t, "fault", func() {
		var d Decoder
		if _, _, err := d.Next(in, 4096); err != errTextUTF8 {
			t.Fatal("wrong error")
		}
	})
}

func TestAllocAppendIsFree(t *testing.T) {
	dst, key := make([]byte, 0, 1024), []byte("dGhlIHNhbXBsZSBub25jZQ==")
	wantAllocs(t, "append", func() {
		out := AppendFrame(dst, OpText, "PING :tmi.twitch.tv\r\n")
		out = AppendClientFrame(out, OpText, [4]byte{1, 2, 3, 4}, "PONG")
		out = AppendClose(out, CodeGoingAway, "restart")
		if !ValidKey(key) {
			t.Fatal("key")
		}
		out = AppendUpgradeResponse(out, key, Negotiate([]byte("foo, irc")), NegotiateDeflate([]byte("permessage-deflate")))
		if len(out) > cap(dst) {
			t.Fatal("dst too small")
		}
	})
}

// TestAllocBombIsFree: what is inflated in vain goes to nobody.
func TestAllocBombIsFree(t *testing.T) {
	in := AppendClientFrame(nil, OpText, zeroMask, deflated(strings.Repeat("x", 1<<20)))
	in[0] |= rsv1Bit
	wantAllocs(t, "bomb", func() {
		d := Decoder{Deflate: true}
		if _, _, err := d.Next(in, 4096); err != errMessageTooBig {
			t.Fatal("wrong error")
		}
	})
}

func TestAllocCompressIsFree(t *testing.T) {
	z, in := NewCompressor(), chatLines(300, true)
	dst := make([]byte, 0, len(in))
	wantAllocs(t, "compress", func() {
		if out := z.AppendMessage(dst, OpText, in); len(out) > len(in)/4 {
			t.Fatal("not compressed")
		}
	})
}

func wantAllocs(t *testing.T, what string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%s: %v allocations, want 0", what, n)
	}
}
