// Command centrifuge is a chat room on the library centrifuge: the memory broker, no
// history, no presence, members by WebSocket in the JSON protocol. With --tuned it is set
// up for many members of a busy channel, as the library's documentation advises.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/centrifugal/centrifuge"

	"uproar/bench/peers/others/feed"
)

const (
	path    = "/connection/websocket"
	channel = "bench"
)

func main() {
	tuned := flag.Bool("tuned", false, "gather what waits for a member, and keep buffers small")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *tuned); err != nil {
		fmt.Fprintln(os.Stderr, "centrifuge:", err)
		os.Exit(1)
	}
}

// serve returns when ctx ends; its connections end with the process.
func serve(ctx context.Context, tuned bool) error {
	node, err := centrifuge.New(centrifuge.Config{
		ClientQueueMaxSize: 8 << 20, // as much as the bare loop keeps for a member
	})
	if err != nil {
		return fmt.Errorf("cannot make a node: %w", err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return connectReply(tuned), nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			reply(centrifuge.SubscribeReply{}, nil)
		})
	})
	if err := node.Run(); err != nil {
		return fmt.Errorf("cannot run the node: %w", err)
	}
	members, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen for members: %w", err)
	}
	publishers, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen for publishers: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle(path, centrifuge.NewWebsocketHandler(node, websocketConfig(tuned)))
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(members, mux) }()
	go feed.Accept(publishers, func(line []byte) { publish(node, line) })
	fmt.Printf("ready members=%s publishers=%s\n", members.Addr(), publishers.Addr())
	select {
	case err := <-failed:
		return fmt.Errorf("cannot serve members: %w", err)
	case <-ctx.Done():
		return nil
	}
}

// connectReply has everybody in. Tuned, a member's writer sends what has come within 20 ms
// by one frame, however much that is, and waits by a timer instead of a goroutine.
func connectReply(tuned bool) centrifuge.ConnectReply {
	r := centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}
	if tuned {
		r.WriteDelay, r.WriteWithTimer = 20*time.Millisecond, true
		r.MaxMessagesInFrame = -1
		r.ReplyWithoutQueue = true
	}
	return r
}

// websocketConfig allows members that are slow for a moment. Tuned, buffers that are
// needed only while something is written are shared, and idle goroutines have small stacks.
func websocketConfig(tuned bool) centrifuge.WebsocketConfig {
	c := centrifuge.WebsocketConfig{WriteTimeout: 10 * time.Second}
	if tuned {
		c.UseWriteBufferPool = true
		c.ReadBufferSize = 512
		c.ProcessCommandsOffReadLoop = true
	}
	return c
}

// publish gives a line to the channel as a JSON string.
func publish(node *centrifuge.Node, line []byte) {
	data, err := json.Marshal(strings.TrimRight(string(line), "\r\n"))
	if err == nil {
		_, err = node.Publish(channel, data)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "centrifuge: cannot publish:", err)
	}
}
