package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"uproar/core/store/redistest"
)

// TestEdgeLetsNobodyInBeforeItHasClueToAsk: who joins at once is in the room, however late
// the other process is, and not told that chat is busy.
func TestEdgeLetsNobodyInBeforeItHasClueToAsk(t *testing.T) {
	redis := "--redis=" + redistest.Start(t).Addr
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	edge, err := newServer(optionsOf(t, "--roles=edge", "--clue="+addr, redis), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := edge.listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done, ready := make(chan error, 1), make(chan struct{})
	go func() { done <- edge.run(ctx, func() { close(ready) }) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-ready:
		t.Error("serves without clue")
	case <-time.After(100 * time.Millisecond):
	}
	_, stop := inProcess(t, "--roles=clue", "--link-addr="+addr, redis)
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	<-ready
	c, err := net.Dial("tcp", edge.addrs.irc)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(c, "PASS oauth:x\r\nNICK bob\r\nJOIN #room\r\n")
	for in := bufio.NewScanner(c); ; {
		if !in.Scan() {
			t.Fatalf("not in the room: %v", in.Err())
		}
		if strings.Contains(in.Text(), " JOIN #room") {
			return
		}
		if strings.Contains(in.Text(), "NOTICE") {
			t.Fatalf("read %q", in.Text())
		}
	}
}

func TestEdgeWithoutClueServesReadersAfterAWhile(t *testing.T) {
	redis := "--redis=" + redistest.Start(t).Addr
	begin := time.Now()
	_, stop := inProcess(t, "--roles=edge", "--clue=127.0.0.1:1", redis)
	if took := time.Since(begin); took < clueWait {
		t.Errorf("ready after %v", took)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
