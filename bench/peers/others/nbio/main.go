// Command nbio is a chat room on the event loops of nbio, by its broadcast example:
// whoever publishes writes to all members, and nbio keeps what a socket does not take.
// Unlike there, the frame is made once for all.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/lesismal/nbio/nbhttp/websocket"

	"uproar/bench/peers/others/feed"
)

const (
	membersMax   = 1 << 20
	waitingMax   = 8 << 20 // bytes that wait for a member, as many as the bare loop keeps; one more, and it is dropped
	pingInterval = 30 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "nbio:", err)
		os.Exit(1)
	}
}

// room is who is in.
type room struct {
	mu struct {
		sync.Mutex
		members map[*websocket.Conn]struct{}
	}
}

// serve returns when ctx ends; its connections end with the process.
func serve(ctx context.Context) error {
	logging.SetLevel(logging.LevelError) // stdout is for the line that says ready
	r := &room{}
	r.mu.members = map[*websocket.Conn]struct{}{}
	mux := http.NewServeMux()
	mux.HandleFunc("/", r.upgrade)
	engine := nbhttp.NewEngine(nbhttp.Config{
		Network: "tcp4", Addrs: []string{"127.0.0.1:0"}, Handler: mux,
		MaxLoad: membersMax, MaxWriteBufferSize: waitingMax,
		ReleaseWebsocketPayload: true,
	})
	if err := engine.Start(); err != nil {
		return fmt.Errorf("cannot start nbio: %w", err)
	}
	publishers, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen for publishers: %w", err)
	}
	go feed.Accept(publishers, r.broadcast)
	fmt.Printf("ready members=%s publishers=%s\n", engine.Addrs[0], publishers.Addr())
	<-ctx.Done()
	return nil
}

// upgrade has a connection be a member.
func (r *room) upgrade(w http.ResponseWriter, request *http.Request) {
	u := websocket.NewUpgrader()
	u.KeepaliveTime = 2 * pingInterval
	u.OnOpen(func(c *websocket.Conn) {
		c.Keepalive(pingInterval)
		if c.WriteMessage(websocket.TextMessage, []byte(":nbio 366 member #bench :End of /NAMES list\r\n")) == nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.mu.members[c] = struct{}{}
		}
	})
	u.OnClose(func(c *websocket.Conn, _ error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.mu.members, c)
	})
	u.Upgrade(w, request, nil) // what fails has been answered
}

// broadcast writes a line to all members.
func (r *room) broadcast(line []byte) {
	frame := textFrame(line)
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.mu.members {
		c.Conn.Write(frame) // a connection that fails is closed by nbio, which tells OnClose
	}
}

// textFrame is a line of up to 64 KiB as an unmasked frame.
func textFrame(line []byte) []byte {
	if n := len(line); n > 125 {
		return append([]byte{0x81, 126, byte(n >> 8), byte(n)}, line...)
	}
	return append([]byte{0x81, byte(len(line))}, line...)
}
