package gate

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// Every server of the gate: one loop, so that the work does not depend on how the kernel
// spreads connections; and every line is written as it comes, so that a slower flush
// cannot hide in fewer writes.
var serverArgs = []string{"--loops=1", "--fanout-duty=0"}

const (
	textBytes  = 100
	stopGrace  = 10 * time.Second
	joinWithin = 60 * time.Second
)

// hall is a server with members in one room. Whoever opens it closes it.
type hall struct {
	server *target.Server
	swarm  *load.Swarm
	stop   context.CancelFunc
	done   sync.WaitGroup
}

func openHall(ctx context.Context, path string) (*hall, error) {
	server, err := target.StartEdge(ctx, target.EdgeConfig{Path: path, Wire: load.WebSocket, Args: serverArgs})
	if err != nil {
		return nil, err
	}
	swarm, err := load.NewSwarm(load.SwarmConfig{Wire: server.Wire, Addr: server.Members, TextBytes: textBytes})
	if err != nil {
		server.Stop(stopGrace)
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	h := &hall{server: server, swarm: swarm, stop: stop}
	h.done.Go(func() { _ = swarm.Run(running) }) // what fails shows in Grow and in Deliveries
	return h, nil
}

// close ends the server first: it has nothing to tell its members any more.
func (h *hall) close() {
	h.server.Kill()
	h.stop()
	h.done.Wait()
	h.swarm.Close()
}

// grow has members join until there are n, and returns the server's processor time for it.
func (h *hall) grow(ctx context.Context, n int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	return h.cost(func() error {
		if err := h.swarm.Grow(ctx, n); err != nil {
			return fmt.Errorf("%w; the server said:\n%s", err, h.server.Output())
		}
		return nil
	})
}

// cost is the processor time, user and system, that the server takes while f runs.
func (h *hall) cost(f func() error) (time.Duration, error) {
	before, err := meter.CPU(h.server.Pid)
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := meter.CPU(h.server.Pid)
	return after - before, err
}

// publisher connects who says lines to the server. Whoever asks closes it.
func (h *hall) publisher(ctx context.Context) (*load.Publisher, error) {
	p, err := load.NewPublisher(load.PublisherConfig{Addr: h.server.Publishers, Rate: 1, TextBytes: textBytes})
	if err != nil {
		return nil, err
	}
	if err := p.Connect(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// say publishes lines, each once members have the one before, and returns the server's
// processor time for it. No two lines ever meet, so each is written to each member by
// itself: the work is the same whatever else the machine does.
func (h *hall) say(ctx context.Context, p *load.Publisher, members, lines int) (time.Duration, error) {
	return h.cost(func() error {
		for range lines {
			want := h.swarm.Deliveries() + int64(members)
			if err := p.Run(ctx, load.Now(), 1); err != nil {
				return fmt.Errorf("%w; the server said:\n%s", err, h.server.Output())
			}
			if err := h.await(ctx, want); err != nil {
				return err
			}
		}
		return nil
	})
}

// await returns once there have been want deliveries.
func (h *hall) await(ctx context.Context, want int64) error {
	deadline := time.Now().Add(stopGrace)
	for h.swarm.Deliveries() < want {
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("cannot compare servers: %d deliveries are missing of %d", want-h.swarm.Deliveries(), want)
		}
		time.Sleep(200 * time.Microsecond)
	}
	return nil
}

// get asks the admin port.
func (h *hall) get(ctx context.Context, path string) ([]byte, error) {
	url := "http://" + h.server.Admin + path
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot ask %q: %w", url, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("cannot ask %q: %w", url, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", answer.Status, body)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", url, err)
	}
	return body, nil
}

// counts are the server's metrics, and its live heap as "heap".
func (h *hall) counts(ctx context.Context) (map[string]float64, error) {
	var heap []byte
	for range 2 { // pools give up what they hold at the second collection
		var err error
		if heap, err = h.get(ctx, "/debug/pprof/heap?gc=1&debug=1"); err != nil {
			return nil, err
		}
	}
	text, err := h.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	counts := samples(text)
	_, after, ok := bytes.Cut(heap, []byte("# HeapAlloc = "))
	if !ok {
		return nil, fmt.Errorf("cannot find HeapAlloc in %d bytes of a heap profile", len(heap))
	}
	line, _, _ := bytes.Cut(after, []byte("\n"))
	if counts["heap"], err = strconv.ParseFloat(string(line), 64); err != nil {
		return nil, fmt.Errorf("cannot read HeapAlloc: %w", err)
	}
	memory, err := meter.ReadMemory(h.server.Pid)
	counts["rss"] = float64(memory.RSS)
	return counts, err
}

// samples reads the metrics without labels.
func samples(text []byte) map[string]float64 {
	counts := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			counts[name] = n
		}
	}
	return counts
}
