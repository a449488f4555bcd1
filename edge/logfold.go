package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// folded is a slog.Handler that lets a message through once a second. What comes more
// often is counted, and said at the end of that second: no failure can flood the log,
// and none is hidden but what repeats in the last second before the end.
type folded struct {
	slog.Handler
	seen *seen // shared by what WithAttrs and WithGroup make
}

// seen is the messages of the present second: those that code can say, so they are
// few; beyond seenMax, a message is let through uncounted.
type seen struct {
	mu struct {
		sync.Mutex
		more map[string]int // repetitions, by message
	}
}

const seenMax = 1024

func newFolded(h slog.Handler) folded {
	f := folded{h, &seen{}}
	f.seen.mu.more = map[string]int{}
	return f
}

// Handle implements slog.Handler.
func (f folded) Handle(ctx context.Context, r slog.Record) error {
	said, counted := f.seen.again(r.Message)
	if said {
		return nil
	}
	if !counted {
		return f.Handler.Handle(ctx, r)
	}
	time.AfterFunc(time.Second, func() {
		if more := f.seen.forget(r.Message); more > 0 {
			last := slog.NewRecord(time.Now(), r.Level, r.Message, r.PC)
			last.AddAttrs(slog.Int("repeated", more))
			_ = f.Handler.Handle(ctx, last)
		}
	})
	return f.Handler.Handle(ctx, r)
}

// again counts a message, if there is room to, and reports whether it has been said in
// this second.
func (s *seen) again(message string) (said, counted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, said := s.mu.more[message]
	switch {
	case said:
		s.mu.more[message] = n + 1
	case len(s.mu.more) < seenMax:
		s.mu.more[message] = 0
	default:
		return false, false
	}
	return said, true
}

// forget ends the second of a message and returns how often it was repeated.
func (s *seen) forget(message string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.mu.more[message]
	delete(s.mu.more, message)
	return n
}

// WithAttrs implements slog.Handler.
func (f folded) WithAttrs(attrs []slog.Attr) slog.Handler {
	return folded{f.Handler.WithAttrs(attrs), f.seen}
}

// WithGroup implements slog.Handler.
func (f folded) WithGroup(name string) slog.Handler {
	return folded{f.Handler.WithGroup(name), f.seen}
}
