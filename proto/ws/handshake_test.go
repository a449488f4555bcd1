package ws

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

// TestAcceptIsThatOfTheRFC uses the example of RFC 6455 section 1.3.
func TestAcceptIsThatOfTheRFC(t *testing.T) {
	const key, want = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	if got := AppendAccept(nil, []byte(key)); string(got) != want {
		t.Errorf("accept %q, want %q", got, want)
	}
}

func TestUpgradeResponseIsRead(t *testing.T) {
	for _, p := range []Protocol{ProtocolNone, ProtocolIRC, ProtocolText, ProtocolBinary} {
		head := AppendUpgradeResponse(nil, []byte("dGhlIHNhbXBsZSBub25jZQ=="), p, DeflateNone)
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(head))), nil)
		if err != nil {
			t.Fatalf("%q: %v", head, err)
		}
		resp.Body.Close()
		h := resp.Header
		if resp.StatusCode != 101 || h.Get("Upgrade") != "websocket" || h.Get("Connection") != "Upgrade" || h.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
			t.Errorf("protocol %d: %q", p, head)
		}
		// No header when nothing was agreed: a client that asked for nothing must fail on one it gets.
		if got := h.Values("Sec-Websocket-Protocol"); p == ProtocolNone && len(got) != 0 || p != ProtocolNone && (len(got) != 1 || got[0] != p.Name()) {
			t.Errorf("protocol %d: header %q", p, got)
		}
	}
}

// TestSubprotocolIsTheClientsFirstKnown holds battery WS 69 to 73.
func TestSubprotocolIsTheClientsFirstKnown(t *testing.T) {
	cases := []struct {
		offered string
		want    Protocol
		op      Op
	}{
		{"", ProtocolNone, OpText},
		{"irc", ProtocolIRC, OpText},
		{"foo", ProtocolNone, OpText},
		{"foo, irc", ProtocolIRC, OpText},
		{"text.ircv3.net", ProtocolText, OpText},
		{"binary.ircv3.net,text.ircv3.net", ProtocolBinary, OpBinary},
		{"text.ircv3.net , \tbinary.ircv3.net", ProtocolText, OpText},
		{"IRC", ProtocolNone, OpText},
		{",,irc,", ProtocolIRC, OpText},
		{"ircx, xirc, ir c", ProtocolNone, OpText},
	}
	for _, c := range cases {
		if got := Negotiate([]byte(c.offered)); got != c.want || got.Op() != c.op {
			t.Errorf("Negotiate(%q) = %d, op %d, want %d, op %d", c.offered, got, got.Op(), c.want, c.op)
		}
	}
}

func TestKeyIs16BytesInBase64(t *testing.T) {
	cases := []struct {
		key  string
		want bool
	}{
		{"dGhlIHNhbXBsZSBub25jZQ==", true},
		{"AAAAAAAAAAAAAAAAAAAAAA==", true},
		{"", false},
		{"dGhlIHNhbXBsZSBub25jZQ=", false},
		{"dGhlIHNhbXBsZSBub25jZQ===", false},
		{"dGhlIHNhbXBsZSBub25jZQAA", false}, // 18 bytes
		{"dGhlIHNhbXBsZSBub25jZQA=", false}, // 17 bytes
		{"dGhlIHNhbXBsZSBub25j Q==", false},
		{"dGhlIHNhbXBsZSBub25j\nQ==", false},
		{"dGhlIHNhbXBsZSBub25j-_==", false},
		{"========================", false},
	}
	for _, c := range cases {
		if got := ValidKey([]byte(c.key)); got != c.want {
			t.Errorf("ValidKey(%q) = %v", c.key, got)
		}
	}
}
