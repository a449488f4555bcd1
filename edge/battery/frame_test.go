package battery

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Opcodes of RFC 6455 section 5.2.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// frame is one WebSocket frame. The zero of last is what Go makes it, so a whole
// message says last: true.
type frame struct {
	last    bool // FIN
	rsv     byte // 3 bits
	opcode  byte
	payload string
	bare    bool // sent without a mask, which a client must not do
}

func text(payload string) frame { return frame{last: true, opcode: opText, payload: payload} }
func ping(payload string) frame { return frame{last: true, opcode: opPing, payload: payload} }
func pong(payload string) frame { return frame{last: true, opcode: opPong, payload: payload} }
func closing(body string) frame { return frame{last: true, opcode: opClose, payload: body} }
func closeBody(code int) string { return string([]byte{byte(code >> 8), byte(code)}) }
func (f frame) isControl() bool { return f.opcode >= opClose }
func (f frame) closeCode() int  { return int(f.payload[0])<<8 | int(f.payload[1]) }
func (f frame) String() string {
	return fmt.Sprintf("{last %v op %d %.200q}", f.last, f.opcode, f.payload)
}
func hasClosed(f frame) bool       { return f.opcode == opClose && len(f.payload) >= 2 }
func part(op byte, p string) frame { return frame{opcode: op, payload: p} }

// encode writes the frame with a fixed mask, in the shortest form.
func (f frame) encode() []byte {
	head := f.rsv<<4 | f.opcode
	if f.last {
		head |= 0x80
	}
	out := []byte{head}
	masked := byte(0x80)
	if f.bare {
		masked = 0
	}
	switch n := len(f.payload); {
	case n < 126:
		out = append(out, masked|byte(n))
	case n < 1<<16:
		out = binary.BigEndian.AppendUint16(append(out, masked|126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, masked|127), uint64(n))
	}
	if f.bare {
		return append(out, f.payload...)
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	out = append(out, mask[:]...)
	for i := range len(f.payload) {
		out = append(out, f.payload[i]^mask[i%4])
	}
	return out
}

// frameConn is a WebSocket client that writes and reads single frames, broken
// ones too.
type frameConn struct {
	t        testing.TB
	conn     net.Conn
	in       *bufio.Reader
	protocol string // the sub-protocol that the server chose, or empty
	deflate  bool   // the server may compress
}

// dialFrames opens a WebSocket with its own handshake.
func (w world) dialFrames(t testing.TB, protocols ...string) *frameConn {
	t.Helper()
	c, extensions := w.dialOffering(t, "", protocols...)
	if extensions != "" {
		t.Fatalf("the server chose extensions %q, none was offered", extensions)
	}
	return c
}

// dialOffering does so with header lines that offer extensions, each with CRLF.
func (w world) dialOffering(t testing.TB, header string, protocols ...string) (c *frameConn, extensions string) {
	t.Helper()
	if len(protocols) > 0 {
		header += "Sec-WebSocket-Protocol: " + strings.Join(protocols, ", ") + "\r\n"
	}
	conn, in, resp := w.request(t, upgradeRequest(header))
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the upgrade was answered with %s", resp.Status)
	}
	sum := sha1.Sum([]byte(upgradeKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if got, want := resp.Header.Get("Sec-WebSocket-Accept"), base64.StdEncoding.EncodeToString(sum[:]); got != want {
		t.Fatalf("Sec-WebSocket-Accept is %q, want %q", got, want)
	}
	if !strings.EqualFold(resp.Header.Get("Upgrade"), "websocket") || !strings.EqualFold(resp.Header.Get("Connection"), "upgrade") {
		t.Fatalf("the upgrade's headers are %v", resp.Header)
	}
	extensions = strings.Join(resp.Header.Values("Sec-WebSocket-Extensions"), ", ")
	c = &frameConn{t: t, conn: conn, in: in, protocol: resp.Header.Get("Sec-WebSocket-Protocol"), deflate: extensions != ""}
	return c, extensions
}

const upgradeKey = "dGhlIHNhbXBsZSBub25jZQ=="

// upgradeRequest is a good upgrade with extra header lines, each with CRLF.
func upgradeRequest(extra string) string {
	return "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: " + upgradeKey + "\r\nSec-WebSocket-Version: 13\r\n" + extra + "\r\n"
}

// request writes text to the HTTP port and reads the head of the answer.
func (w world) request(t testing.TB, text string) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", w.srv.HTTP, patience)
	if err != nil {
		t.Fatalf("cannot connect to %s: %v", w.srv.HTTP, err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatalf("cannot write the request: %v", err)
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, &http.Request{Method: strings.Fields(text)[0]})
	if err != nil {
		t.Fatalf("cannot read the answer to %.40q: %v", text, err)
	}
	return conn, in, resp
}

// send writes the frames in one segment. A server that has failed the connection
// already may refuse it; what it said is then still there to read.
func (c *frameConn) send(frames ...frame) {
	var out []byte
	for _, f := range frames {
		out = append(out, f.encode()...)
	}
	c.raw(out)
}

func (c *frameConn) raw(b []byte) {
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	_, _ = c.conn.Write(b)
}

// read returns the next frame, inflated. The server must not mask, fragment a control
// frame, set reserved bits that were not agreed on or send text that is not UTF-8.
func (c *frameConn) read() (frame, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	var head [2]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{last: head[0]&0x80 != 0, rsv: head[0] >> 4 & 7, opcode: head[0] & 15}
	size := uint64(head[1] & 0x7f)
	compressed := c.deflate && f.rsv == rsvDeflate && !f.isControl() && f.last
	if head[1]&0x80 != 0 || f.rsv != 0 && !compressed || f.isControl() && (!f.last || size > 125) {
		return f, fmt.Errorf("cannot accept a server frame with head %x", head)
	}
	if size >= 126 {
		ext := make([]byte, 2+6*(size-126))
		if _, err := io.ReadFull(c.in, ext); err != nil {
			return f, err
		}
		size = 0
		for _, b := range ext {
			size = size<<8 | uint64(b)
		}
	}
	if size > 16<<20 {
		return f, fmt.Errorf("cannot accept a server frame of %d bytes", size)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return f, err
	}
	f.payload = string(payload)
	if compressed {
		text, err := inflated(f.payload)
		if err != nil {
			return f, fmt.Errorf("cannot inflate a server frame: %w", err)
		}
		f.payload = text
	}
	if f.opcode == opText && f.last && !utf8.ValidString(f.payload) {
		return f, fmt.Errorf("cannot accept a text frame that is not UTF-8: %q", f.payload)
	}
	return f, nil
}

func (c *frameConn) next() frame {
	c.t.Helper()
	f, err := c.read()
	if err != nil {
		c.t.Fatalf("cannot read the next frame: %v", err)
	}
	return f
}

// want requires exactly these frames next.
func (c *frameConn) want(frames ...frame) {
	c.t.Helper()
	for _, want := range frames {
		if got := c.next(); got != want {
			c.t.Fatalf("next frame\n got %v\nwant %v", got, want)
		}
	}
}

// wantClose requires a Close frame with one of the codes next, and then the end
// of the connection.
func (c *frameConn) wantClose(codes ...int) {
	c.t.Helper()
	f, err := c.read()
	if err != nil || !hasClosed(f) {
		c.t.Fatalf("next frame is %v (%v), want Close with code %v", f, err, codes)
	}
	found := false
	for _, code := range codes {
		found = found || f.closeCode() == code
	}
	if !found {
		c.t.Errorf("close code is %d (%q), want %v", f.closeCode(), f.payload[2:], codes)
	}
	if f, err := c.read(); err == nil || isTimeout(err) {
		c.t.Fatalf("after its Close frame the server sent %v (%v), want the end", f, err)
	}
}

// message collects one data message, however fragmented, and requires its opcode.
func (c *frameConn) message(opcode byte) string {
	c.t.Helper()
	f := c.next()
	if f.opcode != opcode {
		c.t.Fatalf("next frame is %v, want opcode %d", f, opcode)
	}
	whole := f.payload
	for !f.last {
		if f = c.next(); f.opcode != opContinuation {
			c.t.Fatalf("next frame is %v, want a continuation", f)
		}
		whole += f.payload
	}
	return whole
}

// registerAnonymous logs in as justinfan and joins room, in Twitch mode.
func (c *frameConn) registerAnonymous(room string) {
	c.t.Helper()
	c.send(text("NICK justinfan69\r\nJOIN " + room + "\r\n"))
	c.linesUntil(" 366 justinfan69 " + room + " :End of /NAMES list\r\n")
}

// linesUntil collects Twitch-mode messages up to one that ends with end.
func (c *frameConn) linesUntil(end string) string {
	c.t.Helper()
	for all := ""; ; {
		message := c.message(opText)
		if !strings.HasSuffix(message, "\r\n") {
			c.t.Fatalf("a Twitch-mode message does not end with CRLF: %q", message)
		}
		if all += message; strings.HasSuffix(all, end) {
			return all
		}
	}
}

// cleanUntil reads up to the line with text end; nothing before may hold a NUL or
// a CR but in a line's end.
func (c *frameConn) cleanUntil(end string) {
	c.t.Helper()
	all := c.linesUntil(" :" + end + "\r\n")
	if rest := strings.ReplaceAll(all, "\r\n", ""); strings.ContainsAny(rest, "\r\n\x00") {
		c.t.Errorf("the server relayed a control byte: %q", all)
	}
}
