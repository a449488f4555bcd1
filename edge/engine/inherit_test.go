package engine

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// unsentBound is what the kernel holds c to.
func unsentBound(t *testing.T, c *Conn) int {
	t.Helper()
	n, err := unix.GetsockoptInt(int(c.fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestConnectionsInheritTheBoundOnUnsentBytes(t *testing.T) {
	h := &echo{}
	e, _ := serve(t, h, Config{UnsentBytesMax: 12345})
	inherits := func() bool {
		sure := make(chan bool)
		all := len(e.Loops()) == 2
		for _, l := range e.Loops() {
			l.PostAlways(askInherited{sure})
			all = <-sure && all
		}
		return all
	}
	for n := 0; !inherits(); n++ {
		if n == 1000 {
			t.Fatal("1,000 connections were not enough to trust the listeners")
		}
		c := dial(t, e)
		fmt.Fprint(c, "in\n")
		expect(t, c, "in\n")
	}
	c := dial(t, e)
	fmt.Fprint(c, "in\n")
	expect(t, c, "in\n")
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, c := range h.mu.conns {
		if n := unsentBound(t, c); n != 12345 {
			t.Fatalf("connection %d of %d is held to %d bytes", i, len(h.mu.conns), n)
		}
	}
}

type askInherited struct{ sure chan<- bool }

func (a askInherited) Run(l *Loop) { a.sure <- l.inherited[0] == inheritedSure }

func TestConnectionThatInheritsNoBoundIsGivenOne(t *testing.T) {
	d, err := NewDetached(Config{UnsentBytesMax: 12345})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop()
	d.inherited[0] = inheritedSure - 1
	for range 2 {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		d.Turn(func() {
			c := d.Accept(fd, (&echo{}).open)
			d.bindUnsent(c)
			if n := unsentBound(t, c); n != 12345 || d.inherited[0] != 0 {
				t.Errorf("held to %d bytes, %d in a row", n, d.inherited[0])
			}
		})
	}
}
