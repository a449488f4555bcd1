package uplink

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	wire "uproar/proto/link"
)

// lastWordsTimeout is how long a refusal may take to be sent.
const lastWordsTimeout = 500 * time.Millisecond

// link makes a connection and reads it until it ends. It returns how long it was up, and why it is not.
func (p *Peer) link(ctx context.Context) (up time.Duration, err error) {
	dialer := net.Dialer{Timeout: p.cfg.DialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", p.cfg.Addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	in := &reader{conn: conn, buf: make([]byte, readBytes)}
	who, err := p.greet(conn, in)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	p.queue.open(conn)
	var sender sync.WaitGroup
	sender.Go(func() { p.queue.send(conn, p.cfg.PingEvery, p.cfg.SilenceMax) })
	p.meters.ups.Inc()
	p.meters.open.Inc()
	p.outage.ended(who.Name)
	p.cfg.Owner.Up(*who)
	err = p.read(in)

	var words []byte
	if ours := (*protocolError)(nil); errors.As(err, &ours) {
		words = wire.AppendRefuse(nil, ours.Error())
	}
	p.queue.close(words)
	if words == nil {
		_ = conn.Close()
	} else {
		_ = conn.SetWriteDeadline(time.Now().Add(lastWordsTimeout))
	}
	sender.Wait()
	p.meters.open.Dec()
	if failed := p.queue.failure(); failed != nil && errors.Is(err, net.ErrClosed) {
		err = failed
	}
	return time.Since(began), err
}

// greet is the dialer's handshake, within DialTimeout.
func (p *Peer) greet(conn net.Conn, in *reader) (*wire.Hello, error) {
	_ = conn.SetDeadline(time.Now().Add(p.cfg.DialTimeout))
	defer func() { _ = conn.SetDeadline(time.Time{}) }()
	self := p.cfg.Self
	_, _ = rand.Read(self.Nonce[:]) // never fails
	h, err := wire.NewHandshake(wire.Dialer, self, p.cfg.Secret)
	if err != nil {
		return nil, err
	}
	out := h.Begin(nil)
	for {
		if _, err := conn.Write(out); err != nil {
			return nil, err
		}
		f, err := in.next()
		var done bool
		if err == nil {
			if out, done, err = h.Take(nil, f); err != nil && f.Kind != wire.KindRefuse {
				err = &protocolError{err}
			}
		}
		if ours := (*protocolError)(nil); errors.As(err, &ours) {
			_, _ = conn.Write(wire.AppendRefuse(nil, ours.Error()))
		}
		if err != nil {
			return nil, err
		}
		if done {
			in.frames.Trust()
			return h.Peer(), nil
		}
	}
}

// read hands frames to the owner until the connection ends.
func (p *Peer) read(in *reader) error {
	in.silenceMax = p.cfg.SilenceMax
	for {
		f, err := in.next()
		if err != nil {
			return err
		}
		switch f.Kind {
		case wire.KindPong:
		case wire.KindRefuse:
			return wire.ParseRefuse(f.Body)
		case wire.KindPing:
			var ping wire.Ping
			if ping, err = wire.ParsePing(f); err == nil {
				_ = p.queue.put(wire.AppendPong(nil, wire.Ping{ID: ping.ID}), 0) // who sends nothing else has room
			}
		default:
			err = p.cfg.Owner.Frame(f)
		}
		if err != nil {
			return &protocolError{err}
		}
	}
}

// readBytes is the size that a read buffer begins with. It grows up to wire.FrameBytesMax.
const readBytes = 64 << 10

// reader cuts what a connection brings into frames.
type reader struct {
	conn       net.Conn
	silenceMax time.Duration // 0: the deadline is set already
	frames     wire.Decoder
	buf        []byte
	from, to   int // of buf, unread
}

// next waits for a frame, whose body is good until the next call.
func (r *reader) next() (wire.Frame, error) {
	for {
		f, n, err := r.frames.Next(r.buf[r.from:r.to])
		if err != nil {
			return f, &protocolError{err}
		}
		if r.from += n; f.Kind != wire.KindNone {
			return f, nil
		}
		if n > 0 {
			continue
		}
		if err := r.fill(); err != nil {
			return f, err
		}
	}
}

// fill reads more, behind what is unread.
func (r *reader) fill() error {
	r.to, r.from = copy(r.buf, r.buf[r.from:r.to]), 0
	if r.to == len(r.buf) {
		grown := make([]byte, min(2*len(r.buf), wire.FrameBytesMax))
		copy(grown, r.buf)
		r.buf = grown
	}
	if r.silenceMax > 0 {
		_ = r.conn.SetReadDeadline(time.Now().Add(r.silenceMax))
	}
	n, err := r.conn.Read(r.buf[r.to:])
	r.to += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}
