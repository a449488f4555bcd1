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
		addr, err := e.probe(l.Addr)
		if err != nil {
			return fmt.Errorf("cannot listen for %s on %s: %w", l.Name, l.Addr, err)
		}
		e.bound = append(e.bound, boundListener{l, addr})
	}
	return nil
}

// probe binds addr for a moment, alone unless ports are to be shared.
func (e *Engine) probe(addr string) (*net.TCPAddr, error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		ctlErr := raw.Control(func(fd uintptr) {
			if e.cfg.ReusePort {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
			}
		})
		if ctlErr != nil {
			return ctlErr
		}
		return err
	}}
	ln, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr), nil
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
