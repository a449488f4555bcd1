package fleet

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uproar/core/store/redistest"
	"uproar/edge/edgetest"
	wire "uproar/proto/link"
)

const linkSecret = "0123456789abcdef0123456789abcdef"

// linkPort is a relay and a clue process in one, under its secret.
func linkPort(t *testing.T, args ...string) *edgetest.Server {
	t.Helper()
	redis := redistest.Start(t)
	return edgetest.Start(t, append([]string{
		"--roles=clue,exchange", "--link-addr=127.0.0.1:0", "--link-secret-file=" + secretFile(t), "--redis=" + redis.Addr, "--env=" + edgetest.Env,
	}, args...)...)
}

func secretFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(linkSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// stranger is a raw connection to a link port.
type stranger struct {
	t       *testing.T
	conn    net.Conn
	decoder wire.Decoder
	in      []byte
}

func callLink(t *testing.T, s *edgetest.Server) *stranger {
	t.Helper()
	conn, err := net.DialTimeout("tcp", s.Link, patience)
	if err != nil {
		t.Fatalf("cannot connect to the link port: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return &stranger{t: t, conn: conn}
}

func (s *stranger) send(b []byte) {
	s.t.Helper()
	_ = s.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := s.conn.Write(b); err != nil {
		s.t.Fatalf("cannot write to the link port: %v", err)
	}
}

// next is the next frame of the server, past its preface; io.EOF when it has closed.
func (s *stranger) next() (wire.Frame, error) {
	buf := make([]byte, 4096)
	for {
		f, n, err := s.decoder.Next(s.in)
		if err != nil {
			return f, err
		}
		s.in = s.in[n:]
		if n > 0 && f.Kind != wire.KindNone {
			return f, nil
		}
		if n > 0 {
			continue
		}
		_ = s.conn.SetReadDeadline(time.Now().Add(3 * patience))
		got, err := s.conn.Read(buf)
		s.in = append(s.in, buf[:got]...)
		if got == 0 && err != nil {
			return f, err
		}
	}
}

// shake goes through the handshake, and returns why it failed, if it did.
func (s *stranger) shake(secret string, h wire.Hello) error {
	s.t.Helper()
	_, _ = rand.Read(h.Nonce[:]) // never fails
	shake, err := wire.NewHandshake(wire.Dialer, h, []byte(secret))
	if err != nil {
		s.t.Fatal(err)
	}
	s.send(shake.Begin(nil))
	for {
		f, err := s.next()
		if err != nil {
			return err
		}
		out, done, err := shake.Take(nil, f)
		if err != nil {
			return err
		}
		s.send(out)
		if done {
			s.decoder.Trust()
			return nil
		}
	}
}

// refusal is the text with which the server ends the connection, or "" when it just
// closes. It must not stay open.
func (s *stranger) refusal() string {
	s.t.Helper()
	var refused *wire.RefusedError
	for {
		f, err := s.next()
		switch {
		case err == nil && f.Kind == wire.KindRefuse:
			refused = wire.ParseRefuse(f.Body)
		case err == nil: // what it says before it has looked at what we said
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.t.Fatal("the server keeps a connection that it should close")
		case refused != nil:
			return refused.Reason
		default:
			return ""
		}
	}
}

func edgeHello() wire.Hello {
	return wire.Hello{Role: wire.RoleEdge, ID: 4711, Partitions: partitions, Env: edgetest.Env, Name: "a test"}
}

// partitions is what the fleets of these tests have.
const partitions = 128

// frame is one frame of any length that is said to follow.
func frame(kind wire.Kind, length int, body []byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(length+1))
	return append(append(head, byte(kind)), body...)
}

// Whatever comes to a link port, it is refused with a reason, the process lives, and who
// knows the secret is served.
func TestLinkPortRefusesWhatIsNoNode(t *testing.T) {
	port := linkPort(t)
	preface := wire.AppendPreface(nil)
	newer := bytes.Clone(preface)
	newer[len(newer)-1]++
	for _, c := range []struct {
		name, secret string // without a secret nothing is shaken
		hello        func(*wire.Hello)
		bytes        []byte
		want         string // in the refusal
	}{
		{name: "another version", bytes: newer, want: "version"},
		{name: "another protocol", bytes: []byte("GET / HTTP/1.1\r\n\r\n"), want: ""},
		{name: "the wrong secret", secret: "fedcba9876543210fedcba9876543210", want: "secret"},
		{name: "another environment", secret: linkSecret, hello: func(h *wire.Hello) { h.Env = "prod" }, want: "environment"},
		{name: "other partitions", secret: linkSecret, hello: func(h *wire.Hello) { h.Partitions = 64 }, want: "partitions"},
		{name: "a frame before the handshake", bytes: append(bytes.Clone(preface), frame(wire.KindPing, 8, make([]byte, 8))...), want: "handshake"},
		{name: "an oversized hello", bytes: append(bytes.Clone(preface), frame(wire.KindHello, 1<<20, nil)...), want: "too long"},
		{name: "an oversized frame of a node", secret: linkSecret, bytes: frame(wire.KindSubmissions, wire.BatchBytesMax+1, nil), want: "too long"},
		{name: "a frame of 4 GiB", secret: linkSecret, bytes: []byte{0xff, 0xff, 0xff, 0xff, byte(wire.KindPayload)}, want: "too long"},
		{name: "an unknown kind", secret: linkSecret, bytes: frame(200, 1, []byte{0}), want: "unknown kind"},
		{name: "a truncated body", secret: linkSecret, bytes: frame(wire.KindSubmissions, 1, []byte{9}), want: "cannot decode frame"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := callLink(t, port)
			if c.secret == "" {
				s.send(c.bytes)
			} else {
				hello := edgeHello()
				if c.hello != nil {
					c.hello(&hello)
				}
				err := s.shake(c.secret, hello)
				if err == nil {
					s.send(c.bytes)
				}
				var refused *wire.RefusedError
				if c.bytes == nil && errors.As(err, &refused) && strings.Contains(refused.Reason, c.want) {
					return
				}
				if (err == nil) != (c.bytes != nil) {
					t.Fatalf("the handshake ends with %v", err)
				}
			}
			if got := s.refusal(); !strings.Contains(got, c.want) {
				t.Errorf("the server says %q and closes, want it to speak of %q", got, c.want)
			}
		})
	}
	if err := callLink(t, port).shake(linkSecret, edgeHello()); err != nil {
		t.Errorf("after all that an edge is refused: %v", err)
	}
}

// A frame that stops half way is waited for, but not for ever, and ends nothing else.
func TestLinkPortGivesUpOnATruncatedFrame(t *testing.T) {
	t.Parallel() // it mostly waits
	port := linkPort(t)
	half := callLink(t, port)
	if err := half.shake(linkSecret, edgeHello()); err != nil {
		t.Fatal(err)
	}
	half.send(frame(wire.KindSubmissions, 100, make([]byte, 10)))
	other := callLink(t, port)
	if err := other.shake(linkSecret, edgeHello()); err != nil {
		t.Fatalf("beside half a frame: %v", err)
	}
	for began := time.Now(); ; {
		other.send(wire.AppendPing(nil, wire.Ping{}))
		f, err := other.next()
		if err != nil {
			t.Fatalf("the other connection: %v", err)
		}
		if f.Kind == wire.KindPong {
			break
		}
		if time.Since(began) > patience {
			t.Fatal("the other connection gets no pong")
		}
	}
	// Without its rest the frame is all that was said, so the connection is silent.
	if reason := half.refusal(); reason != "" {
		t.Logf("half a frame: %q", reason)
	}
}

func TestLinkPortOffLoopbackNeedsASecret(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		code, printed := edgetest.Refused(t, "--roles=exchange", "--link-addr="+addr, "--redis=127.0.0.1:1", "--redis-mode=single", "--data=")
		if code != 2 || !strings.Contains(printed, "--link-secret-file") || !strings.Contains(printed, addr) {
			t.Errorf("--link-addr=%s: exit code %d, %q; want 2 and what to do", addr, code, printed)
		}
	}
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, printed := edgetest.Refused(t, "--roles=exchange", "--link-addr=127.0.0.1:0", "--link-secret-file="+short, "--redis=127.0.0.1:1", "--redis-mode=single", "--data=")
	if code == 0 || !strings.Contains(printed, short) {
		t.Errorf("a short secret: exit code %d, %q", code, printed)
	}
	if strings.Contains(printed, fmt.Sprintf("%q", "secret")) {
		t.Errorf("the secret is printed: %q", printed)
	}
}
