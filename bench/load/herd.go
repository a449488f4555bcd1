package load

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// herd has each viewer ask once.
type herd struct {
	a      *Audience
	page   *Page
	start  int64
	spread time.Duration
	stall  bool
	asked  int
	ends   []int64
}

// AskOnce has every viewer ask for the page once, one after the other from start on (in
// Now's nanoseconds), all within spread. Then Await.
func (a *Audience) AskOnce(p *Page, start int64, spread time.Duration) error {
	return a.perform(&herd{a: a, page: p, start: start, spread: spread})
}

// Stall has every viewer ask for the page, and read nothing of the answer until Resume.
func (a *Audience) Stall(p *Page) error {
	return a.perform(&herd{a: a, page: p, start: Now(), stall: true})
}

// Asked waits until every viewer has asked.
func (a *Audience) Asked(ctx context.Context) error {
	return a.herdUntil(ctx, func(h *herd) bool { return h.asked == len(a.viewers) })
}

// Await waits until every viewer that is still connected has its whole answer, and returns
// when each had, rising.
func (a *Audience) Await(ctx context.Context) (ends []int64, err error) {
	err = a.herdUntil(ctx, func(h *herd) bool { return h.asked == len(a.viewers) && a.busy() == 0 })
	a.always(func() {
		if h, ok := a.script.(*herd); ok {
			ends = slices.Clone(h.ends)
		}
	})
	slices.Sort(ends)
	return ends, err
}

// Resume has viewers that were stalled read again, all from now on.
func (a *Audience) Resume() error {
	var err error
	if over := a.do(func() {
		for i := range a.viewers {
			if v := &a.viewers[i]; v.stuck {
				v.stuck = false
				if e := a.control(unix.EPOLL_CTL_ADD, int(v.fd), i, memberEvents); e != nil {
					err = e
				}
			}
		}
	}); over != nil {
		return over
	}
	return err
}

// herdUntil waits until done, which is asked on the goroutine of Run.
func (a *Audience) herdUntil(ctx context.Context, done func(h *herd) bool) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		over, busy := false, 0
		if err := a.do(func() {
			h, ok := a.script.(*herd)
			over, busy = !ok || done(h), a.busy()
		}); err != nil || over {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d viewers have no whole answer: %w", busy, ctx.Err())
		}
	}
}

func (h *herd) answered(_ int, got answer) {
	h.a.tally.Latency.Record(time.Duration(got.end - got.due))
	h.ends = append(h.ends, got.end)
}

func (h *herd) turn(now int64) int64 {
	for n := len(h.a.viewers); h.asked < n; h.asked++ {
		due := h.start + int64(h.spread)*int64(h.asked)/int64(n)
		if due > now {
			return due
		}
		i := h.asked
		h.a.ask(i, h.page, due)
		if v := &h.a.viewers[i]; h.stall && v.state == asking {
			v.stuck = true
			h.a.control(unix.EPOLL_CTL_DEL, int(v.fd), i, 0)
		}
	}
	return 0
}
