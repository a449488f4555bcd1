package main

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lockedBuilder is a strings.Builder for several goroutines.
type lockedBuilder struct {
	mu struct {
		sync.Mutex
		text strings.Builder
	}
}

func (b *lockedBuilder) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.text.Write(p)
}

func (b *lockedBuilder) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.text.String()
}

func TestRepeatedLogLinesAreOneASecondWithACount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuilder // fake time orders goroutines, not their memory
		log := slog.New(newFolded(slog.NewTextHandler(&out, nil)))
		for i := range 1000 {
			log.With("conn", i).Error("cannot watch", "error", errors.New("EBADF"))
			log.Info("another")
		}
		if n := strings.Count(out.String(), "\n"); n != 2 {
			t.Fatalf("%d lines at once:\n%s", n, out.String())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := strings.Count(out.String(), "repeated=999"); n != 2 {
			t.Fatalf("%d counts:\n%s", n, out.String())
		}
		log.Info("another")
		if n := strings.Count(out.String(), "\n"); n != 5 {
			t.Fatalf("%d lines in the next second:\n%s", n, out.String())
		}
		time.Sleep(time.Second)
	})
}
