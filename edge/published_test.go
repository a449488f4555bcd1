package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/exchange"
)

// askedBus answers lines with what it is told to.
type askedBus struct{ answer error }

func (b *askedBus) Publish(l *exchange.Lines) error {
	l.Done(b.answer)
	return nil
}

func TestBusThatDoesNotPublishIsLoggedWithItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		bus := &askedBus{}
		b := newWatchedBus(bus, newOutages(slog.New(slog.NewTextHandler(&out, nil))))
		publish := func(room string, answer error) {
			t.Helper()
			done := 0
			bus.answer = answer
			err := b.Publish(&exchange.Lines{Room: room, Done: func(err error) {
				if done++; err != answer {
					t.Errorf("done with %v, want %v", err, answer)
				}
			}})
			if err != nil || done != 1 {
				t.Fatalf("%v, done %d times", err, done)
			}
		}
		want := func(lines int, last string) {
			t.Helper()
			if got := strings.Count(out.String(), "\n"); got != lines || !strings.Contains(out.String(), last) {
				t.Fatalf("want %d lines, with %q:\n%s", lines, last, &out)
			}
		}
		publish("a", nil)
		publish("a", exchange.ErrClosed)
		want(0, "")
		for range 3 {
			publish("a", fmt.Errorf("cannot publish: %w", exchange.ErrUnsure))
			publish("b", exchange.ErrUnavailable)
		}
		want(1, "the exchange on Redis fails")
		publish("a", nil) // b is on another server, which is still away
		want(1, "")
		time.Sleep(failureAge + time.Second) // and nobody speaks there any more
		publish("a", nil)
		want(2, "the exchange on Redis is well again")
		publish("a", nil)
		want(2, "")
	})
}
