package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// gnet keeps one pool of workers for the process; it is not ours to stop.
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*poolCommon).purgeStaleWorkers"),
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*poolCommon).ticktock"))
}

// echo answers every line with itself, and "bye" with a close.
type echo struct {
	mu struct {
		sync.Mutex
		closed  []Reason
		drained int
		conns   []*Conn
	}
}

func (h *echo) Data(c *Conn, in []byte) int {
	end := bytes.LastIndexByte(in, '\n') + 1
	if bytes.HasPrefix(in, []byte("bye\n")) {
		c.Write([]byte("so long\n"))
		c.Close(ReasonQuit)
		return len(in)
	}
	c.Write(in[:end])
	return end
}

func (h *echo) Timer(*Conn) {}

func (h *echo) Drained(*Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.drained++
}

func (h *echo) Drain(c *Conn) {
	c.Write([]byte("reconnect\n"))
	c.Close(ReasonDrain)
}

func (h *echo) Closed(_ *Conn, r Reason) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.closed = append(h.mu.closed, r)
}

func (h *echo) open(c *Conn) Handler {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.conns = append(h.mu.conns, c)
	return h
}

func (h *echo) reasons() []Reason {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Reason(nil), h.mu.closed...)
}

func (h *echo) first(t *testing.T) *Conn {
	t.Helper()
	var c *Conn
	eventually(t, "a connection to open", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.mu.conns) == 0 {
			return false
		}
		c = h.mu.conns[0]
		return true
	})
	return c
}

// serve runs an engine with two loops until the test ends, or stop is called, which
// returns what Run returned.
func serve(t *testing.T, h *echo, cfg Config) (e *Engine, stop func() error) {
	t.Helper()
	cfg.Listeners = []Listener{{
		Name: "test", Addr: "127.0.0.1:0", Open: h.open,
		Refusal: func(r Reason) []byte { return []byte("refused: " + r.Text() + "\n") },
	}}
	cfg.Loops = 2
	if cfg.DrainTimeout == 0 {
		cfg.DrainTimeout = 200 * time.Millisecond
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	<-e.Ready()
	return e, stop
}

func dial(t *testing.T, e *Engine) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", e.Addr("test"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 10 s in vain for %s", what)
		}
	}
}

func expect(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

func TestClosingConnectionSendsItsLastBytes(t *testing.T) {
	h := &echo{}
	e, _ := serve(t, h, Config{})
	c := dial(t, e)
	fmt.Fprint(c, "hello\n")
	expect(t, c, "hello\n")
	// Input that is never read must not reset the connection.
	fmt.Fprint(c, "bye\n"+strings.Repeat("more ", 1000))
	rest, err := io.ReadAll(c)
	if err != nil || string(rest) != "so long\n" {
		t.Fatalf("read %q, %v", rest, err)
	}
	_ = c.Close()
	eventually(t, "the close", func() bool { return len(h.reasons()) == 1 })
	if r := h.reasons()[0]; r != ReasonQuit {
		t.Fatalf("reason %v", r)
	}
}

func TestPeerThatNeverClosesIsCutAfterLinger(t *testing.T) {
	h := &echo{}
	e, _ := serve(t, h, Config{LingerTimeout: 10 * time.Millisecond})
	c := dial(t, e)
	fmt.Fprint(c, "bye\n")
	expect(t, c, "so long\n")
	eventually(t, "the close", func() bool { return len(h.reasons()) == 1 })
}

func TestPeerThatSendsOnAfterItsEndIsReset(t *testing.T) {
	h := &echo{}
	e, _ := serve(t, h, Config{LingerTimeout: time.Minute})
	c := dial(t, e)
	fmt.Fprint(c, "bye\n")
	expect(t, c, "so long\n")
	sent, chunk := 0, make([]byte, 64<<10)
	for {
		n, err := c.Write(chunk)
		if sent += n; err != nil {
			break
		}
		if sent > 256<<20 {
			t.Fatal("256 MB were taken")
		}
	}
	eventually(t, "the close", func() bool { return len(h.reasons()) == 1 })
	if r := h.reasons()[0]; r != ReasonQuit {
		t.Errorf("reason %v", r)
	}
}

func TestConnectionsBeyondTheLimitsAreRefused(t *testing.T) {
	for _, tc := range []struct {
		cfg  Config
		want string
	}{
		{Config{MaxConns: 2}, "refused: Server is full\n"},
		{Config{MaxConnsPerIP: 2}, "refused: Too many connections from your address\n"},
	} {
		h := &echo{}
		e, _ := serve(t, h, tc.cfg)
		first, second := dial(t, e), dial(t, e)
		for _, c := range []net.Conn{first, second} {
			fmt.Fprint(c, "in\n")
			expect(t, c, "in\n")
		}
		got, _ := io.ReadAll(dial(t, e))
		if string(got) != tc.want {
			t.Fatalf("third connection read %q, want %q", got, tc.want)
		}
		_ = first.Close()
		eventually(t, "the place to be free", func() bool { return e.admitted.open() == 1 })
		c := dial(t, e)
		fmt.Fprint(c, "in\n")
		expect(t, c, "in\n")
	}
}

func TestUnfinishedInputIsBounded(t *testing.T) {
	h := &echo{}
	e, _ := serve(t, h, Config{InputBytesMax: 1000})
	c := dial(t, e)
	_, _ = c.Write(bytes.Repeat([]byte("x"), 1<<20))
	eventually(t, "the close", func() bool { return len(h.reasons()) == 1 })
	if r := h.reasons()[0]; r != ReasonInputTooLong {
		t.Fatalf("reason %v", r)
	}
}

func TestDrainTellsEveryoneAndRefusesOthers(t *testing.T) {
	h := &echo{}
	e, stop := serve(t, h, Config{DrainTimeout: 2 * time.Second})
	var conns []net.Conn
	for range 50 {
		c := dial(t, e)
		fmt.Fprint(c, "in\n")
		expect(t, c, "in\n")
		conns = append(conns, c)
	}
	ended := make(chan error)
	start := time.Now()
	go func() { ended <- stop() }()
	eventually(t, "the drain", func() bool { return !e.Serving() })
	late := dial(t, e)
	if got, _ := io.ReadAll(late); string(got) != "refused: Server is restarting, reconnect\n" {
		t.Fatalf("late connection read %q", got)
	}
	for _, c := range conns {
		got, err := io.ReadAll(c)
		if err != nil || string(got) != "reconnect\n" {
			t.Fatalf("read %q, %v", got, err)
		}
		_ = c.Close()
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Fatalf("drain took %v", took)
	}
	if len(h.reasons()) != 50 {
		t.Fatalf("%d closes", len(h.reasons()))
	}
}

func TestPortInUseIsSaid(t *testing.T) {
	e, _ := serve(t, &echo{}, Config{})
	other, err := New(Config{Listeners: []Listener{{Name: "irc", Addr: e.Addr("test")}}})
	if err != nil {
		t.Fatal(err)
	}
	err = other.Listen()
	if !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), "irc on "+e.Addr("test")) {
		t.Fatalf("error %v", err)
	}
}

// orderTask notes the order in which tasks ran.
type orderTask struct {
	n   int
	ran *[]int
	at  chan<- struct{}
}

func (o orderTask) Run(*Loop) {
	*o.ran = append(*o.ran, o.n)
	if o.at != nil {
		close(o.at)
	}
}

func TestTasksRunInTheOrderOfPosting(t *testing.T) {
	h := &echo{}
	e, _ := serve(t, h, Config{})
	dial(t, e)
	l := h.first(t).Loop()
	var ran []int
	done := make(chan struct{})
	const n = 20000
	for i := range n { // gnet's own queue inverts some of 6,000
		task := orderTask{n: i, ran: &ran}
		if i == n-1 {
			task.at = done
		}
		if !l.Post(task, 1) {
			t.Fatalf("task %d refused", i)
		}
	}
	<-done
	for i, n := range ran {
		if i != n {
			t.Fatalf("task %d ran as number %d", n, i)
		}
	}
}

func TestMetricsCountOpenConnections(t *testing.T) {
	set := metrics.NewSet()
	h := &echo{}
	e, _ := serve(t, h, Config{Metrics: set})
	c := dial(t, e)
	h.first(t)
	var out bytes.Buffer
	set.WritePrometheus(&out)
	if !strings.Contains(out.String(), `uproar_connections{port="test"} 1`) {
		t.Fatalf("metrics:\n%s", out.String())
	}
	_ = c.Close()
	eventually(t, "the count to fall", func() bool { return e.openOn(0) == 0 })
}
