package battery

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"testing"
)

// Compression (RFC 7692), with Go's own flate at this end.

var deflateCases = []battery{
	{name: "81-ws-deflate-offers", over: wsOnly, run: deflateOffers},
	{name: "81-ws-deflate-input", over: wsOnly, run: deflateInput},
	{name: "81-ws-deflate-broken", over: wsOnly, run: deflateBroken},
	{name: "81-ws-deflate-fanout", over: wsOnly, run: deflateFanout},
	{name: "81-ws-deflate-line-per-message", over: wsOnly, run: deflateLines},
	{name: "81-ws-deflate-off", over: wsOnly, run: deflateOff},
}

const (
	rsvDeflate    = 4
	deflateTail   = "\x00\x00\xff\xff" // what a message leaves out
	deflateHeader = "Sec-WebSocket-Extensions: "
	deflateAgreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
)

// inflated reads a message's payload.
func inflated(payload string) (string, error) {
	text, err := io.ReadAll(flate.NewReader(strings.NewReader(payload + deflateTail + "\x01\x00\x00\xff\xff")))
	return string(text), err
}

// deflated is the payload of a compressed message.
func deflated(text string) string {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(w, text) // into memory
	_ = w.Flush()
	return strings.TrimSuffix(out.String(), deflateTail)
}

func packed(opcode byte, payload string) frame {
	return frame{last: true, rsv: rsvDeflate, opcode: opcode, payload: payload}
}

// dialDeflate opens a WebSocket that may compress.
func (w world) dialDeflate(t *testing.T, protocols ...string) *frameConn {
	t.Helper()
	c, extensions := w.dialOffering(t, deflateHeader+"permessage-deflate; client_max_window_bits\r\n", protocols...)
	if extensions != deflateAgreed {
		t.Fatalf("the server chose extensions %q, want %q", extensions, deflateAgreed)
	}
	return c
}

func deflateOffers(t *testing.T, w world) {
	for header, want := range map[string]string{
		deflateHeader + "permessage-deflate\r\n":                                                               deflateAgreed,
		deflateHeader + "permessage-deflate; server_max_window_bits=15\r\n":                                    deflateAgreed + "; server_max_window_bits=15",
		deflateHeader + "permessage-deflate; server_max_window_bits=9, permessage-deflate\r\n":                 deflateAgreed,
		deflateHeader + "foo\r\n" + "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n": deflateAgreed,
		deflateHeader + "permessage-deflate; foo\r\n":                                                          "",
		deflateHeader + "permessage-deflate; server_max_window_bits=9\r\n":                                     "",
		deflateHeader + "permessage-deflate; client_max_window_bits=16\r\n":                                    "",
		deflateHeader + "permessage-deflate; client_no_context_takeover; client_no_context_takeover\r\n":       "",
		deflateHeader + "permessage-deflate; client_max_window_bits=\"15\r\n":                                  "",
		deflateHeader + "\r\n": "",
		deflateHeader + ";;=\"\r\n" + deflateHeader + "x-webkit-deflate-frame; no_context_takeover=\"yes\"\r\n": "",
	} {
		c, extensions := w.dialOffering(t, header, "irc")
		if extensions != want {
			t.Errorf("%q: the server chose extensions %q, want %q", header, extensions, want)
		}
		inTwitchMode(c)
		if want == "" {
			c.send(packed(opText, deflated("PING")))
			c.wantClose(1002)
		}
	}
}

func deflateInput(t *testing.T, w world) {
	c := w.dialDeflate(t, "irc")
	answer := func(token string) frame { return text(":tmi.twitch.tv PONG tmi.twitch.tv :" + token + "\r\n") }
	c.send(packed(opText, deflated("PING one")), text("PING two"), packed(opText, deflated("PING three\r\nPING four")))
	var got string
	for !strings.HasSuffix(got, ":four\r\n") {
		got += c.message(opText)
	}
	if want := answer("one").payload + answer("two").payload + answer("three").payload + answer("four").payload; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	long := deflated("PING :" + strings.Repeat("word ", 700))
	c.send(frame{rsv: rsvDeflate, opcode: opText, payload: long[:5]}, ping("between"), part(opContinuation, long[5:6]),
		frame{last: true, payload: long[6:]})
	c.want(pong("between"))
	c.want(answer(strings.Repeat("word ", 700))) // not compressed: it is a reply
	c.send(packed(opText, "\x00"))               // an empty message
	c.send(packed(opText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), packed(opText, deflated("PING end")))
	c.want(text(":tmi.twitch.tv 421 * Hello :Unknown command\r\n" + answer("end").payload))
}

func deflateBroken(t *testing.T, w world) {
	hello := deflated("PING")
	bomb := deflated("PING :" + strings.Repeat("x", 4<<20))
	for name, tc := range map[string]struct {
		code   int
		frames []frame
	}{
		"ping":               {1002, []frame{packed(opPing, "")}},
		"pong":               {1002, []frame{packed(opPong, "")}},
		"close":              {1002, []frame{packed(opClose, "")}},
		"continuation":       {1002, []frame{{rsv: rsvDeflate, opcode: opText, payload: hello[:2]}, packed(opContinuation, hello[2:])}},
		"stray continuation": {1002, []frame{packed(opContinuation, hello)}},
		"other bits":         {1002, []frame{{last: true, rsv: rsvDeflate | 1, opcode: opText, payload: hello}}},
		"no deflate":         {1007, []frame{packed(opText, "PING PING PING")}},
		"cut short":          {1007, []frame{packed(opText, hello[:3])}},
		"no UTF-8":           {1007, []frame{packed(opText, deflated("PING :caf\xc3"))}},
		"bomb":               {1009, []frame{packed(opText, bomb)}},
		"bomb in fragments":  {1009, []frame{{rsv: rsvDeflate, opcode: opText, payload: bomb[:99]}, {last: true, payload: bomb[99:]}}},
		"too long":           {1009, []frame{packed(opText, strings.Repeat("x", 20<<10))}},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.dialDeflate(t, "irc")
			c.send(tc.frames...)
			c.wantClose(tc.code)
		})
	}
	before := w.residentBytes(t)
	for range 100 {
		c := w.dialDeflate(t, "irc")
		c.send(packed(opText, bomb))
		c.wantClose(1009)
	}
	w.wantFlatMemory(t, before, 32<<20)
}

// longLines are lines long enough to be compressed, each of them.
var longLines = []string{strings.Repeat("one ", 60), strings.Repeat("two ", 60), strings.Repeat("three ", 60)}

func deflateFanout(t *testing.T, w world) {
	w = w.own(t)
	room := "#" + fresh("room")
	reader, plain, writer := w.dialDeflate(t, "irc"), w.dialFrames(t, "irc"), w.dialDeflate(t)
	reader.registerAnonymous(room)
	plain.registerAnonymous(room)
	nick := fresh("writer")
	writer.send(packed(opText, deflated("PASS oauth:x\r\nNICK "+nick+"\r\nJOIN "+room+"\r\n")))
	writer.linesUntil(" :End of /NAMES list\r\n")
	speaker := world{srv: w.srv, over: overTCP}.bot(t)
	source := func(nick string) string {
		return ":" + nick + "!" + nick + "@" + nick + ".tmi.twitch.tv PRIVMSG " + room + " :"
	}
	var want, others string
	for i, line := range longLines {
		line = strings.TrimSpace(line)
		if i == 1 {
			writer.send(text("PRIVMSG " + room + " :" + line))
			want += source(nick) + line + "\r\n"
		} else {
			speaker.send("PRIVMSG " + room + " :" + line)
			want += source(speaker.nick) + line + "\r\n"
			others += source(speaker.nick) + line + "\r\n"
		}
		end := line + "\r\n"
		if f := reader.next(); f.rsv != rsvDeflate || !strings.HasSuffix(f.payload, end) || !strings.HasSuffix(want, f.payload) {
			t.Errorf("the reader got %v of %d lines, want line %d compressed", f, strings.Count(f.payload, "\n"), i)
		}
		if f := plain.next(); f.rsv != 0 || !strings.HasSuffix(want, f.payload) {
			t.Errorf("who cannot inflate got %v, want line %d", f, i)
		}
	}
	speaker.send("PRIVMSG " + room + " :short")
	short := text(source(speaker.nick) + "short\r\n")
	reader.want(short)
	plain.want(short)
	if got := writer.linesUntil(":short\r\n"); got != others+short.payload {
		t.Errorf("who wrote one of them read\n %q\nwant\n %q", got, others+short.payload)
	}
	in, out := w.metric(t, "uproar_deflate_in_bytes_total"), w.metric(t, "uproar_deflate_out_bytes_total")
	if in < float64(len(want)) || out <= 0 || out > in/2 {
		t.Errorf("%v bytes were compressed to %v", in, out)
	}
}

func deflateLines(t *testing.T, w world) {
	for protocol, opcode := range map[string]byte{"text.ircv3.net": opText, "binary.ircv3.net": opBinary} {
		c := w.dialDeflate(t, protocol)
		if c.protocol != protocol {
			t.Fatalf("the server chose %q, want %q", c.protocol, protocol)
		}
		oneLinePerMessage(c, opcode)
		c.send(packed(opcode, deflated("PING squeezed")))
		if got, want := c.message(opcode), ":tmi.twitch.tv PONG tmi.twitch.tv :squeezed"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		wsFanoutPerLine(t, w, c, opcode)
	}
}

func deflateOff(t *testing.T, w world) {
	w = w.own(t, "--no-ws-deflate")
	c, extensions := w.dialOffering(t, deflateHeader+"permessage-deflate\r\n", "irc")
	if extensions != "" {
		t.Fatalf("the server chose extensions %q, want none", extensions)
	}
	inTwitchMode(c)
	c.send(packed(opText, deflated("PING")))
	c.wantClose(1002)
}
