package engine

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

type boundListener struct {
	Listener
	addr *net.TCPAddr
}

// dialable is the address for gnet, which binds "[::]" to IPv6 alone and an address
// without a host to both families.
func (b boundListener) dialable() string {
	if b.addr.IP.IsUnspecified() && b.addr.IP.To4() == nil {
		return ":" + strconv.Itoa(b.addr.Port)
	}
	return b.addr.String()
}

// Listen checks that every address is free and finds a port where it says 0. gnet
// binds one socket per loop, each with SO_REUSEPORT, under which two servers would
// share a port unnoticed and port 0 would give every loop another one. Any failure
// names the listener and its address. Run binds for good.
func (e *Engine) Listen() error {
	for _, l := range e.cfg.Listeners {
		ln, err := e.probe(l.Addr)
		if err != nil {
			e.unhold()
			return fmt.Errorf("cannot listen for %s on %s: %w", l.Name, l.Addr, err)
		}
		e.bound = append(e.bound, boundListener{l, ln.Addr().(*net.TCPAddr)})
		if picked(l.Addr) {
			// Until gnet has it, nobody else may; and nobody knows it yet.
			e.held = append(e.held, ln)
		} else {
			_ = ln.Close()
		}
	}
	return nil
}

// picked reports whether the system picks the port of addr.
func picked(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	return err == nil && (port == "" || port == "0")
}

// unhold gives the ports up that Listen holds.
func (e *Engine) unhold() {
	for _, ln := range e.held {
		_ = ln.Close()
	}
	e.held = nil
}

// probe binds addr: alone, unless the port is to be shared, with gnet if with nobody
// else.
func (e *Engine) probe(addr string) (net.Listener, error) {
	share := e.cfg.ReusePort || picked(addr)
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		ctlErr := raw.Control(func(fd uintptr) {
			if share {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
			}
		})
		if ctlErr != nil {
			return ctlErr
		}
		return err
	}}
	return lc.Listen(context.Background(), "tcp", addr)
}

// Addr is what the listener of that name was bound to, after Listen.
func (e *Engine) Addr(name string) string {
	for _, b := range e.bound {
		if b.Name == name {
			return b.addr.String()
		}
	}
	return ""
}

// portOf finds the listener that a connection came in by: gnet reports the address
// that it listens on.
func (e *Engine) portOf(local net.Addr) int {
	if a, ok := local.(*net.TCPAddr); ok {
		for i := range e.bound {
			if e.bound[i].addr.Port == a.Port {
				return i
			}
		}
	}
	return 0
}
