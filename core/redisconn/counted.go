package redisconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"

	"github.com/VictoriaMetrics/metrics"
)

// ErrConnect is wrapped by the error of what had no connection to go by.
var ErrConnect = errors.New("cannot connect")

// ErrTLS is wrapped by the error of a connection that has ended as if one side spoke TLS
// and the other did not.
var ErrTLS = errors.New("TLS on one side only?")

// Dialer makes a function that connects, with TLS unless its last argument is nil, and
// counts in open the connections that are.
func Dialer(open *metrics.Gauge) func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
	return func(ctx context.Context, addr string, dialer *net.Dialer, config *tls.Config) (net.Conn, error) {
		dial := dialer.DialContext
		if config != nil {
			dial = (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext
		}
		conn, err := dial(ctx, "tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConnect, handshakeError(err))
		}
		open.Inc()
		return &countedConn{Conn: conn, open: open, heard: config != nil}, nil
	}
}

// handshakeError is err, as ErrTLS if a server was reached that seems not to speak it.
func handshakeError(err error) error {
	var reach *net.OpError
	var vouch *tls.CertificateVerificationError
	if errors.As(err, &reach) && reach.Op == "dial" || errors.As(err, &vouch) {
		return err
	}
	return fmt.Errorf("%w %w", ErrTLS, err)
}

type countedConn struct {
	net.Conn
	open  *metrics.Gauge
	heard bool // from the server; of the one goroutine that reads
	once  sync.Once
}

// Read adds ErrTLS to the end of a connection on which a server has said nothing: one that
// waits for TLS closes what is none.
func (c *countedConn) Read(to []byte) (int, error) {
	n, err := c.Conn.Read(to)
	if !c.heard && n == 0 && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)) {
		return 0, fmt.Errorf("%w %w", ErrTLS, err)
	}
	c.heard = true
	return n, err
}

// Close counts once: rueidis may call it from several goroutines.
func (c *countedConn) Close() error {
	c.once.Do(c.open.Dec)
	return c.Conn.Close()
}
