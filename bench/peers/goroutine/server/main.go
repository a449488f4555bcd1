// Command server is a chat server of one room, built the way most are in Go: two
// goroutines for each connection. It is as good as that way allows: each line becomes a
// frame once, which all members share; what waits for a member goes out by one writev;
// a member that does not read is dropped.
//
// Members come by WebSocket. Publishers come by TCP and send whole lines.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gobwas/ws"
)

func main() {
	pingInterval := flag.Duration("ping-interval", 30*time.Second, "how often each member is sent a ping")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *pingInterval); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// serve returns when ctx ends; its connections end with the process.
func serve(ctx context.Context, pingInterval time.Duration) error {
	members, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen for members: %w", err)
	}
	publishers, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen for publishers: %w", err)
	}
	r := newRoom()
	failed := make(chan error, 2)
	go func() {
		failed <- accept(members, func(c net.Conn) { join(c, r, pingInterval) })
	}()
	go func() { failed <- accept(publishers, func(c net.Conn) { publish(c, r) }) }()
	fmt.Printf("ready members=%s publishers=%s\n", members.Addr(), publishers.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		fmt.Printf("done dropped=%d\n", r.dropped.Load())
		return nil
	}
}

func accept(l net.Listener, handle func(net.Conn)) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return fmt.Errorf("cannot accept: %w", err)
		}
		go handle(c)
	}
}

// publish gives every line of a publisher to the room as a frame.
func publish(c net.Conn, r *room) {
	defer c.Close()
	lines := bufio.NewReaderSize(c, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		r.broadcast(textFrame(line))
	}
}

func textFrame(line []byte) []byte {
	return ws.MustCompileFrame(ws.NewTextFrame(line))
}
