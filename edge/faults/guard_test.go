package faults

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"
)

// complaints keeps what a test would fail with.
type complaints struct {
	testing.TB
	mu   sync.Mutex
	text []string
}

func (c *complaints) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, fmt.Sprintf(format, args...))
}

// What stops the server and not the machine is no excuse.
func TestStoppedServerIsNotExcused(t *testing.T) {
	w := newWorld(t, &faults[0])
	seen := &complaints{TB: t}
	w.t = seen
	watched := watchOver(w)
	time.Sleep(calm)
	w.srv.Signal(syscall.SIGSTOP)
	time.Sleep(3 * stallMax)
	w.srv.Signal(syscall.SIGCONT)
	time.Sleep(calm)
	watched.end()
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if len(seen.text) < len(w.bystanders) {
		t.Errorf("a server that was stopped for %v is complained of in %q, want each of %d loops", 3*stallMax, seen.text, len(w.bystanders))
	}
}
