package ws

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

func TestOffersAreHeldToTheRFC(t *testing.T) {
	cases := []struct {
		offers string
		want   Deflate
	}{
		{"permessage-deflate", DeflateAgreed},
		{"permessage-deflate; client_max_window_bits", DeflateAgreed}, // browsers, Node's ws
		{"permessage-deflate; client_max_window_bits=8", DeflateAgreed},
		{`permessage-deflate;client_max_window_bits="15"`, DeflateAgreed},
		{"permessage-deflate; server_no_context_takeover; client_no_context_takeover", DeflateAgreed},
		{"permessage-deflate; server_max_window_bits=15", DeflateWindow},
		{" \tpermessage-deflate ;\tserver_max_window_bits = \"15\" ; client_max_window_bits ", DeflateWindow},
		{"permessage-deflate; server_max_window_bits=10", DeflateNone},
		{"permessage-deflate; server_max_window_bits=10, permessage-deflate", DeflateAgreed},
		{"x-webkit-deflate-frame, permessage-deflate; client_max_window_bits", DeflateAgreed},
		{`foo; a=b; c="d"; e,,permessage-deflate`, DeflateAgreed},
		{"permessage-deflate; foo, , permessage-deflate; server_max_window_bits=15", DeflateWindow},

		{"", DeflateNone},
		{", ,", DeflateNone},
		{"foo", DeflateNone},
		{"Permessage-Deflate", DeflateNone},
		{"permessage-deflate2", DeflateNone},
		{"permessage-deflate; unknown", DeflateNone},
		{"permessage-deflate; server_max_window_bits", DeflateNone},
		{"permessage-deflate; server_max_window_bits=16", DeflateNone},
		{"permessage-deflate; server_max_window_bits=015", DeflateNone},
		{"permessage-deflate; client_max_window_bits=7", DeflateNone},
		{"permessage-deflate; client_max_window_bits=16", DeflateNone},
		{"permessage-deflate; client_max_window_bits=08", DeflateNone},
		{"permessage-deflate; client_max_window_bits=", DeflateNone},
		{`permessage-deflate; client_max_window_bits=""`, DeflateNone},
		{`permessage-deflate; client_max_window_bits="15`, DeflateNone},
		{`permessage-deflate; client_max_window_bits=" 15"`, DeflateNone},
		{`permessage-deflate; client_max_window_bits="15"0`, DeflateNone},
		{"permessage-deflate; server_no_context_takeover=1", DeflateNone},
		{"permessage-deflate; client_no_context_takeover=true", DeflateNone},
		{"permessage-deflate; client_max_window_bits; client_max_window_bits=9", DeflateNone},
		{"permessage-deflate; server_no_context_takeover; server_no_context_takeover", DeflateNone},
		{"permessage-deflate; foo; foo", DeflateNone},
		{"permessage-deflate;", DeflateNone},
		{"permessage-deflate;; client_max_window_bits", DeflateNone},
		{"permessage-deflate client_max_window_bits", DeflateNone},
		{"permessage-deflate=1", DeflateNone},
		{"=, permessage-deflate", DeflateNone},
		{`"permessage-deflate"`, DeflateNone},
		{"foo; a=\"b, permessage-deflate", DeflateNone},
	}
	for _, c := range cases {
		if got := NegotiateDeflate([]byte(c.offers)); got != c.want {
			t.Errorf("NegotiateDeflate(%q) = %d, want %d", c.offers, got, c.want)
		}
	}
}

func TestUpgradeResponseTellsWhatWasAgreed(t *testing.T) {
	for d, want := range map[Deflate]string{
		DeflateNone:   "",
		DeflateAgreed: "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
		DeflateWindow: "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15",
	} {
		head := AppendUpgradeResponse(nil, []byte("dGhlIHNhbXBsZSBub25jZQ=="), ProtocolIRC, d)
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(head))), nil)
		if err != nil {
			t.Fatalf("%q: %v", head, err)
		}
		resp.Body.Close()
		if got := resp.Header.Values("Sec-Websocket-Extensions"); strings.Join(got, "|") != want {
			t.Errorf("deflate %d: extensions %q, want %q", d, got, want)
		}
	}
}

// FuzzNegotiateDeflate: what is picked was offered; what is agreed can be offered; an element in front that is well
// formed and means nothing changes nothing.
func FuzzNegotiateDeflate(f *testing.F) {
	for _, seed := range []string{
		"permessage-deflate; client_max_window_bits", `permessage-deflate; server_max_window_bits="15"`,
		"permessage-deflate; server_max_window_bits=10, permessage-deflate", `foo; a="b", , permessage-deflate;`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, offers []byte) {
		got := NegotiateDeflate(offers)
		text := string(offers)
		if got != DeflateNone && !strings.Contains(text, "permessage-deflate") ||
			got == DeflateWindow && !strings.Contains(text, "server_max_window_bits") {
			t.Fatalf("%q: picked %d", offers, got)
		}
		if more := NegotiateDeflate([]byte(`foo; bar="baz",` + text)); more != got {
			t.Fatalf("%q: picked %d alone and %d behind another", offers, got, more)
		}
		if got != DeflateNone && NegotiateDeflate([]byte(got.Name())) == DeflateNone {
			t.Fatalf("%q: what was agreed cannot be offered", got.Name())
		}
	})
}
