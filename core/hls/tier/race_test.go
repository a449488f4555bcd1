package tier

import (
	"context"
	"net/http"
	"testing"
	"time"

	"uproar/core/hls"
)

// reload is a blocking reload that is overdue after patience.
func reload(t *testing.T, s *Source, patience time.Duration) (status int, took time.Duration, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(hls.WithPatience(t.Context(), patience), 10*time.Second)
	defer cancel()
	began := time.Now()
	got, err := s.Fetch(ctx, media, hls.Reload{MSN: 9, Part: -1})
	if err != nil {
		return 0, time.Since(began), err
	}
	_ = got.Body.Close()
	return got.Status, time.Since(began), nil
}

func TestFrozenNodeHoldsNobodyForLong(t *testing.T) {
	entered := make(chan struct{}, 2)
	s := above(t, func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-r.Context().Done()
	}, good)
	waits := make(chan error, 1)
	go func() { // a segment, which the first node might well be waiting for itself
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		got, err := s.Fetch(ctx, segment, hls.NoReload)
		if err == nil {
			_ = got.Body.Close()
		}
		waits <- err
	}()
	<-entered
	status, took, err := reload(t, s, 20*time.Millisecond)
	if err != nil || status != 200 || took > 4*time.Second { // half of what is left would be 5 s
		t.Errorf("status %d after %v, %v", status, took, err)
	}
	select {
	case err := <-waits:
		if err != nil {
			t.Errorf("what was waiting: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("what was waiting at the frozen node waits still") // its half is 10 s
	}
	if n := s.meters.hedged.Get(); n != 1 {
		t.Errorf("%d requests were hedged", n)
	}
	if order := s.choice.order(media.Channel); order[0].failures.Get() != 0 || order[1].failures.Get() != 1 {
		t.Errorf("%s, with %d failures, is asked first", order[0].addr, order[0].failures.Get())
	}
}

func TestAnswerOfTheFirstNodeCountsThoughAnotherWasAsked(t *testing.T) {
	second := make(chan struct{})
	lost := make(chan struct{})
	s := above(t, func(w http.ResponseWriter, r *http.Request) {
		<-second
		good(w, r)
	}, func(_ http.ResponseWriter, r *http.Request) {
		close(second)
		<-r.Context().Done()
		close(lost)
	})
	if status, _, err := reload(t, s, 20*time.Millisecond); err != nil || status != 200 {
		t.Fatalf("status %d, %v", status, err)
	}
	<-lost // the other request ends
	for _, n := range s.nodes {
		if n.failures.Get() != 0 {
			t.Errorf("%s counts as failed", n.addr)
		}
	}
}

func TestOneNodeAloneIsNotHedged(t *testing.T) {
	release := make(chan struct{})
	s := above(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		good(w, r)
	})
	time.AfterFunc(100*time.Millisecond, func() { close(release) })
	if status, _, err := reload(t, s, 10*time.Millisecond); err != nil || status != 200 || s.nodes[0].requests.Get() != 1 {
		t.Errorf("status %d, %v, asked %d times", status, err, s.nodes[0].requests.Get())
	}
}
