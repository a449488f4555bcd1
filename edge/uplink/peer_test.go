package uplink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	wire "uproar/proto/link"
)

// deadline is for what surely comes, on a machine that is busy.
const deadline = 20 * time.Second

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v have passed, and not: %s", deadline, what)
		}
	}
}

func self(role wire.Role, id uint64) wire.Hello {
	return wire.Hello{Role: role, ID: id, Env: "test", Name: fmt.Sprint("node ", id), Partitions: 128}
}

// owner keeps what it is told, in words.
type owner struct {
	refuse error // of the next frame
	mu     struct {
		sync.Mutex
		heard  []string
		causes []Cause
		up     bool
	}
}

func (o *owner) Up(who wire.Hello) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mu.up, o.mu.heard = true, append(o.mu.heard, "up "+who.Name)
}

func (o *owner) Down(why *DownError) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mu.up, o.mu.causes = false, append(o.mu.causes, why.Cause)
}

func (o *owner) Frame(f wire.Frame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mu.heard = append(o.mu.heard, fmt.Sprintf("%s %q", f.Kind, f.Body))
	return o.refuse
}

func (o *owner) isUp() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.mu.up
}

// told reports whether the owner was told of a cause.
func (o *owner) told(c Cause) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, told := range o.mu.causes {
		if told == c {
			return true
		}
	}
	return false
}

// journal is a log that a test reads.
type journal struct {
	sync.Mutex
	bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.Lock()
	defer j.Unlock()
	return j.Buffer.Write(p)
}

func (j *journal) count(words string) int {
	j.Lock()
	defer j.Unlock()
	return strings.Count(j.String(), words)
}

// start runs a Peer until the test ends.
func start(t *testing.T, addr string, change func(*PeerConfig)) (*Peer, *owner, *journal) {
	t.Helper()
	o, j := &owner{}, &journal{}
	cfg := PeerConfig{
		Addr: addr, Use: "test", Self: self(wire.RoleEdge, 2), Secret: []byte("secret"), Owner: o,
		DialTimeout: deadline, BackoffMax: 100 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(j, nil)), Metrics: metrics.NewSet(),
	}
	if change != nil {
		change(&cfg)
	}
	p, err := NewPeer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { p.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		all.Wait()
	})
	return p, o, j
}

// far is the other end: it listens, and a test says what it does with a connection.
type far struct {
	t      *testing.T
	listen net.Listener
}

func listen(t *testing.T) *far {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &far{t, l}
}

func (f *far) addr() string { return f.listen.Addr().String() }

// accept takes a connection as it is.
func (f *far) accept() *farConn {
	f.t.Helper()
	conn, err := f.listen.Accept()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(deadline))
	return &farConn{Conn: conn, in: &reader{conn: conn, buf: make([]byte, readBytes)}}
}

type farConn struct {
	net.Conn
	in *reader
}

// greet is the listener's handshake.
func (f *far) greet(secret string) (*farConn, error) {
	f.t.Helper()
	c := f.accept()
	h, err := wire.NewHandshake(wire.Listener, self(wire.RoleClue, 1), []byte(secret))
	if err != nil {
		f.t.Fatal(err)
	}
	out := h.Begin(nil)
	for {
		_, _ = c.Write(out)
		frame, err := c.in.next()
		if err != nil {
			return c, err
		}
		var done bool
		if out, done, err = h.Take(nil, frame); err != nil {
			_, _ = c.Write(wire.AppendRefuse(nil, err.Error()))
			_ = c.Close()
			return c, err
		}
		if done {
			_, err = c.Write(out)
			c.in.frames.Trust()
			return c, err
		}
	}
}

// trusted is greet that succeeds.
func (f *far) trusted() *farConn {
	f.t.Helper()
	c, err := f.greet("secret")
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func payload(text string) []byte {
	out, err := wire.AppendPayload(nil, 3, []byte(text))
	if err != nil {
		panic(err)
	}
	return out
}

func TestFramesGoBothWays(t *testing.T) {
	f := listen(t)
	p, o, _ := start(t, f.addr(), func(c *PeerConfig) { c.PingEvery = time.Millisecond })
	if err := p.Write(payload("too early")); err != ErrDown {
		t.Fatal(err)
	}
	c := f.trusted()
	long := strings.Repeat("x", 1<<20)
	for _, text := range []string{"one", long, "two"} {
		if _, err := c.Write(payload(text)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all frames have come", func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return len(o.mu.heard) == 4
	})
	if h := o.mu.heard; h[0] != "up node 1" || h[1] != `payload "\x00\x03one"` || len(h[2]) < 1<<20 || h[3] != `payload "\x00\x03two"` {
		t.Errorf("heard %.100q", h)
	}
	if err := p.Write(payload(long)); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(payload("last")); err != nil {
		t.Fatal(err)
	}
	pings := 0
	for texts := []string{long, "last"}; len(texts) > 0; {
		frame, err := c.in.next()
		if err != nil {
			t.Fatal(err)
		}
		if frame.Kind == wire.KindPing {
			pings++
			continue
		}
		if string(frame.Body) != "\x00\x03"+texts[0] {
			t.Fatalf("the peer got %s of %d bytes", frame.Kind, len(frame.Body))
		}
		texts = texts[1:]
	}
	for pings == 0 {
		if frame, err := c.in.next(); err != nil {
			t.Fatal(err)
		} else if frame.Kind == wire.KindPing {
			pings++
		}
	}
}

func TestWritingNeverWaits(t *testing.T) {
	f := listen(t)
	p, o, _ := start(t, f.addr(), func(c *PeerConfig) { c.QueueBytesMax = 1 << 20 })
	f.trusted() // and reads nothing
	eventually(t, "it is up", o.isUp)
	frame := payload(strings.Repeat("x", 100<<10))
	eventually(t, "the queue is full", func() bool { return p.Write(frame) == ErrBusy })
	if err := p.write(wire.AppendPing(nil, wire.Ping{}), 1<<20); err != ErrBusy {
		t.Errorf("no room is left for others: %v", err)
	}
	if n := p.meters.busy.Get(); n < 2 {
		t.Errorf("%d frames are counted as refused", n)
	}
}

func TestLinkIsMadeAgain(t *testing.T) {
	f := listen(t)
	p, o, j := start(t, f.addr(), nil)
	c := f.trusted()
	eventually(t, "it is up", o.isUp)
	_ = c.Close()
	eventually(t, "it is down", func() bool { return o.told(CauseLost) })
	_ = f.accept().Close() // an attempt that fails
	f.trusted()
	eventually(t, "it is up again", o.isUp)
	if p.meters.open.Get() != 1 || p.meters.ups.Get() != 2 || p.meters.downs[CauseLost].Get() != 2 {
		t.Errorf("%v open, %d ups, %d downs", p.meters.open.Get(), p.meters.ups.Get(), p.meters.downs[CauseLost].Get())
	}
	eventually(t, "it has stayed, and that is said", func() bool { return j.count(" is up") == 2 })
	if j.count("link to test "+f.addr()+" is down: lost") != 1 {
		t.Errorf("logged:\n%s", j)
	}
}

func TestLinkThatFlapsIsLoggedOnce(t *testing.T) {
	f := listen(t)
	p, o, j := start(t, f.addr(), func(c *PeerConfig) { c.BackoffMin, c.BackoffMax = time.Millisecond, time.Minute })
	for range 5 {
		_ = f.trusted().Close()
	}
	eventually(t, "it was up five times", func() bool { return p.meters.downs[CauseLost].Get() == 5 })
	if o.isUp() || j.count(" is down") != 1 || j.count(" is up") != 1 {
		t.Errorf("logged:\n%s", j)
	}
}

func TestCausesAreToldApart(t *testing.T) {
	refused := func(t *testing.T) string {
		f := listen(t)
		_ = f.listen.Close()
		return f.addr()
	}
	for cause, test := range map[Cause]struct {
		addr   func(*testing.T) string
		change func(*PeerConfig)
		why    string
	}{
		CauseRefused: {refused, nil, "connection refused"},
		CauseTimeout: {func(t *testing.T) string { return listen(t).addr() },
			func(c *PeerConfig) { c.DialTimeout = 50 * time.Millisecond }, "timeout"},
		CauseRejected: {func(t *testing.T) string {
			f := listen(t)
			go func() {
				if conn, err := f.listen.Accept(); err == nil {
					_, _ = conn.Write(wire.AppendRefuse(wire.AppendPreface(nil), "Server is full"))
					_, _ = conn.Read(make([]byte, 1000))
					_ = conn.Close()
				}
			}()
			return f.addr()
		}, nil, "Server is full"},
		CauseProtocol: {func(t *testing.T) string {
			f := listen(t)
			go func() {
				if conn, err := f.listen.Accept(); err == nil {
					_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
					_, _ = conn.Read(make([]byte, 1000))
					_ = conn.Close()
				}
			}()
			return f.addr()
		}, nil, "no node of a fleet"},
	} {
		t.Run(string(cause), func(t *testing.T) {
			_, o, j := start(t, test.addr(t), test.change)
			eventually(t, "the owner is told", func() bool { return o.told(cause) })
			if j.count(test.why) == 0 {
				t.Errorf("logged:\n%s", j)
			}
		})
	}
}

func TestWrongSecretIsNamed(t *testing.T) {
	f := listen(t)
	_, o, j := start(t, f.addr(), nil)
	if _, err := f.greet("another"); !errors.Is(err, wire.ErrSecret) {
		t.Fatal(err)
	}
	eventually(t, "the owner is told", func() bool { return o.told(CauseRejected) })
	if j.count("secret") == 0 {
		t.Errorf("logged:\n%s", j)
	}
}

func TestSilentPeerIsDead(t *testing.T) {
	f := listen(t)
	_, o, _ := start(t, f.addr(), func(c *PeerConfig) { c.SilenceMax = 100 * time.Millisecond })
	f.trusted()
	eventually(t, "it is given up", func() bool { return o.told(CauseTimeout) })
}

func TestOwnerEndsTheLinkAndThePeerHearsWhy(t *testing.T) {
	f := listen(t)
	_, o, _ := start(t, f.addr(), func(c *PeerConfig) { c.Owner.(*owner).refuse = errors.New("not with me") })
	c := f.trusted()
	if _, err := c.Write(payload("x")); err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := c.in.next()
		if err != nil {
			t.Fatal(err)
		}
		if frame.Kind == wire.KindRefuse {
			if got := wire.ParseRefuse(frame.Body).Reason; got != "not with me" {
				t.Errorf("told %q", got)
			}
			break
		}
	}
	eventually(t, "the owner is told", func() bool { return o.told(CauseProtocol) })
}

func TestDropEndsTheLink(t *testing.T) {
	f := listen(t)
	p, o, j := start(t, f.addr(), nil)
	p.Drop(errors.New("nobody is linked yet"))
	f.trusted()
	eventually(t, "it is up", o.isUp)
	p.Drop(errors.New("enough"))
	f.trusted()
	eventually(t, "it is up again", o.isUp)
	if j.count("enough") != 1 || j.count("nobody") != 0 {
		t.Errorf("logged:\n%s", j)
	}
}

func TestFrameThatBreaksTheProtocolEndsTheLink(t *testing.T) {
	f := listen(t)
	_, o, _ := start(t, f.addr(), nil)
	c := f.trusted()
	if _, err := c.Write([]byte{0, 0, 0, 1, 250}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the owner is told", func() bool { return o.told(CauseProtocol) })
}
