package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// This file is the whole of the contact with gnet's event handler.

// OnBoot implements gnet.EventHandler.
func (e *Engine) OnBoot(g gnet.Engine) gnet.Action {
	e.g = g
	e.unhold()
	close(e.boot)
	return gnet.None
}

// OnOpen implements gnet.EventHandler: it admits a connection, or refuses it with
// one line.
func (e *Engine) OnOpen(g gnet.Conn) ([]byte, gnet.Action) {
	l := e.loopFor(g.EventLoop())
	port := e.portOf(g.LocalAddr())
	reason := ReasonRefusedDrain
	if !e.draining.Load() {
		reason = e.admitted.admit(remoteAddr(g))
	}
	if reason != ReasonNone {
		e.counters.closed[port][reason].Inc()
		return e.bound[port].Refusal(reason), gnet.Close
	}
	l.begin()
	c := l.newConn(g.Fd(), port)
	c.gnet = g
	g.SetContext(c)
	e.counters.opened[port].Inc()
	// The bound on what a slow reader may keep in the kernel. It can fail only if
	// the socket is gone, which the next call will show.
	_ = unix.SetsockoptInt(g.Fd(), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, e.cfg.UnsentBytesMax)
	c.handler = e.bound[port].Open(c)
	l.end()
	return nil, gnet.None
}

// OnTraffic implements gnet.EventHandler.
func (e *Engine) OnTraffic(g gnet.Conn) gnet.Action {
	c, _ := g.Context().(*Conn)
	if c == nil {
		return gnet.Close
	}
	l := c.loop
	l.begin()
	c.traffic()
	l.end()
	return gnet.None
}

// OnClose implements gnet.EventHandler.
func (e *Engine) OnClose(g gnet.Conn, err error) gnet.Action {
	c, _ := g.Context().(*Conn)
	if c == nil {
		return gnet.None // was refused
	}
	if c.reason == ReasonNone {
		c.reason = ReasonEOF
		if err != nil && !errors.Is(err, io.EOF) {
			c.reason = ReasonError
		}
	}
	e.admitted.leave(remoteAddr(g))
	c.loop.closed(c)
	return gnet.None
}

// release ends what the loops have outside gnet, once gnet has ended.
func (e *Engine) release() {
	e.unhold()
	for _, l := range e.Loops() {
		l.alarm.Stop()
		l.mail.close()
	}
}

// gnetLogger passes gnet's complaints to our log and remembers the last of a failed
// accept, because gnet ends on that, returns nil, and goes on to complain of the end.
type gnetLogger struct{ e *Engine }

func (gnetLogger) Debugf(string, ...any) {}
func (gnetLogger) Infof(string, ...any)  {}

// Warnf gets what happens to any server: an event of a connection that was closed a
// moment before it.
func (g gnetLogger) Warnf(format string, args ...any) {
	g.e.log.Debug("gnet warns", "text", strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func (g gnetLogger) Errorf(format string, args ...any) {
	text := strings.TrimSpace(fmt.Sprintf(format, args...))
	g.e.gnetErr.set(text)
	g.e.log.Error("gnet fails", "error", text)
}

func (g gnetLogger) Fatalf(format string, args ...any) {
	g.Errorf(format, args...)
	os.Exit(1)
}

// lastError keeps the text of the last failed accept, or of the last failure.
type lastError struct {
	sync.Mutex
	text string
}

func (l *lastError) set(text string) {
	l.Lock()
	defer l.Unlock()
	if !strings.HasPrefix(l.text, "Accept()") || strings.HasPrefix(text, "Accept()") {
		l.text = text
	}
}

func (l *lastError) get() string {
	l.Lock()
	defer l.Unlock()
	if l.text == "" {
		return "gnet gave no reason"
	}
	return l.text
}
