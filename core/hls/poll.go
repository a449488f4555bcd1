package hls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"uproar/proto/m3u8"
)

// Times of refreshing.
const (
	// fetchTimeout bounds the fetch of a playlist; of a blocking reload besides the time
	// that the Source may hold it.
	fetchTimeout = 5 * time.Second

	// dueSlack is how long after a change is due the next poll comes, and overdueMin how
	// soon it is repeated while the change has not come.
	dueSlack   = 20 * time.Millisecond
	overdueMin = 100 * time.Millisecond

	// reloadMin bounds how often a Source is asked that answers blocking reloads at once.
	reloadMin = 20 * time.Millisecond
)

// errStatus is an answer of the Source that is not 200.
type errStatus int

func (e errStatus) Error() string { return fmt.Sprintf("source answered with status %d", int(e)) }

var errLong = errors.New("source sent more than the bound on what is kept")

// start sees to it that the playlist is refreshed. It reports false if that cannot be. The
// caller holds the lock.
func (p *playlist) start(hops int) bool {
	if p.mu.polls {
		return true
	}
	n := p.node
	stray := p.now.Load() == nil
	if stray && n.strays.Add(1) > int64(n.cfg.StraysMax) {
		n.strays.Add(-1)
		n.meters.refusedStrays.Inc()
		return false
	}
	p.mu.polls, p.mu.settled = true, false
	if n.spawn(func(ctx context.Context) { p.run(WithHops(ctx, hops), stray) }) {
		return true
	}
	p.mu.polls = false
	if stray {
		n.strays.Add(-1)
	}
	n.meters.refusedStopped.Inc()
	return false
}

// run refreshes the playlist until nobody has asked for it for a while: by blocking reloads
// where the Source offers them, else by polls. A multivariant playlist, and one that has
// ended, it fetches once.
func (p *playlist) run(ctx context.Context, stray bool) {
	pace := pace{next: NoReload} // what is known may be old: the first fetch does not wait for more
	for {
		began := p.node.cfg.Now()
		var changed bool
		var err error
		if p.path.Kind == KindMaster {
			err = p.fetchMaster(ctx)
		} else {
			changed, err = p.fetchMedia(WithPatience(ctx, pace.patience), pace.next)
		}
		if stray {
			p.node.strays.Add(-1)
			stray = false
		}
		p.note(err)
		e, now := p.now.Load(), p.node.cfg.Now()
		if p.path.Kind == KindMaster || e == nil || e.Media.EndList || p.idle(now, p.node.cfg.IdleAfter) || ctx.Err() != nil {
			p.settle(true)
			return
		}
		p.settle(false)
		select {
		case <-time.After(pace.step(e, began, now, changed, err)):
		case <-ctx.Done():
		}
	}
}

// pace is when and how the Source is asked next.
type pace struct {
	next   Reload
	before time.Time // when a poll last brought nothing new
	base   time.Time // when the newest part or segment may have come: after the poll before

	due      time.Time     // of blocking reloads: when the answer was to come
	patience time.Duration // how long the next may take; twice what the last was overdue, at least
}

// step takes in that a fetch that began then has ended now, and returns how long to wait.
func (c *pace) step(e *edition, began, now time.Time, changed bool, err error) time.Duration {
	half, last := e.target/2, c.next
	c.next = NoReload
	switch {
	case errors.Is(err, ErrDelta):
		return 0
	case err != nil:
		return min(half, max(overdueMin, now.Sub(e.checked)/4))
	}
	if next := e.Next(); next.MSN >= 0 {
		c.next = next
		overdue := time.Duration(0)
		if changed && began.After(c.due) {
			overdue = now.Sub(began)
		} else if changed {
			overdue = now.Sub(c.due)
		}
		c.due = e.Due
		c.patience = max(0, e.Due.Sub(now)) + max(half, 2*overdue)
		if changed || last.MSN < 0 || now.Sub(began) > half {
			return max(0, reloadMin-now.Sub(began))
		}
		return half // it does not block although it says so: no tight loop
	}
	if changed {
		c.base = e.EdgeAt
		if c.before.After(now.Add(-e.target)) {
			c.base = c.before
		}
	} else {
		c.before = began
	}
	switch due := c.base.Add(e.Due.Sub(e.EdgeAt)); {
	case now.Before(due):
		return min(half, due.Sub(now)+dueSlack)
	case now.Before(e.Late.Add(e.target)):
		return min(half, max(overdueMin, e.target/16))
	default:
		return half
	}
}

// fetch asks the Source for the playlist. The error is an errStatus, errLong, or that no
// whole answer came.
func (p *playlist) fetch(ctx context.Context, r Reload) (body []byte, age time.Duration, err error) {
	n := p.node
	timeout := fetchTimeout
	if r.MSN >= 0 {
		timeout += holdTargets * p.target()
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	n.meters.fetches[p.path.Kind].Inc()
	f, err := n.cfg.Source.Fetch(ctx, p.path, r)
	if err != nil {
		return nil, 0, err
	}
	defer f.Body.Close()
	if f.Status != 200 {
		return nil, 0, errStatus(f.Status)
	}
	body, err = io.ReadAll(io.LimitReader(f.Body, n.cfg.PlaylistBytesMax+1))
	switch {
	case err != nil:
		return nil, 0, err
	case int64(len(body)) > n.cfg.PlaylistBytesMax:
		return nil, 0, errLong
	case f.Length >= 0 && f.Length != int64(len(body)):
		return nil, 0, io.ErrUnexpectedEOF
	}
	return body, f.Age, nil
}

func (p *playlist) fetchMaster(ctx context.Context) error {
	body, age, err := p.fetch(ctx, NoReload)
	if err != nil {
		return err
	}
	if _, err := m3u8.ParseMaster(body); err != nil {
		return err
	}
	now := p.node.cfg.Now()
	e := &edition{target: 2 * masterTTL, checked: now.Add(-age), own: maxAge(masterTTL)}
	if old := p.now.Load(); old != nil && string(old.Full.Bytes) == string(body) {
		e.Version = old.Version
	} else {
		e.Version = &Version{At: now, Full: newText(body)}
	}
	return p.publish(e)
}

// fetchMedia asks for the next version, and says whether it is another.
func (p *playlist) fetchMedia(ctx context.Context, r Reload) (changed bool, err error) {
	body, age, err := p.fetch(ctx, r)
	if err != nil {
		return false, err
	}
	media, err := m3u8.ParseMedia(body)
	if err != nil {
		return false, err
	}
	now := p.node.cfg.Now()
	old := p.now.Load()
	p.listing.Lock()
	err = p.listing.live.Update(media, now)
	if _, broken := errors.AsType[*RuleError](err); err != nil && old != nil && p.mayRestart(old, media, broken, now) {
		live := new(Live)
		if live.Update(media, now) == nil {
			p.listing.live, err = live, nil
		}
	}
	version := p.listing.live.Version()
	p.listing.Unlock()
	if err != nil {
		return false, err
	}
	target := version.Media.TargetDuration
	e := &edition{Version: version, target: target, checked: now.Add(-age), own: maxAge(target / 2), reload: maxAge(6 * target)}
	changed = old == nil || old.Version != version
	if err := p.publish(e); err != nil {
		return false, err
	}
	if changed {
		p.relist(now)
	}
	return changed, nil
}

// mayRestart reports whether a playlist that does not follow from the one held may replace
// it: the archive's of a broadcast that has ended, or one that has been the Source's answer
// for so long that nobody can still be playing the other.
func (p *playlist) mayRestart(old *edition, media *m3u8.Media, broken bool, now time.Time) bool {
	if media.Skip.Segments > 0 {
		return false
	}
	return old.Media.EndList && media.EndList || broken && now.Sub(old.checked) >= p.node.cfg.StaleMax
}

// publish makes e the current edition, if there is room for it.
func (p *playlist) publish(e *edition) error {
	if !p.node.playlists.know(p) {
		return errStatus(503)
	}
	p.now.Store(e)
	return nil
}

// note keeps what a failed fetch means for those who ask, or that there is nothing wrong.
func (p *playlist) note(err error) {
	now := p.node.cfg.Now()
	var v verdict
	if err != nil && !errors.Is(err, ErrDelta) {
		v.status = p.node.meters.failed(err)
		v.until = now.Add(p.target())
	}
	p.mu.Lock()
	news := v.status != 0 && p.mu.verdict.status == 0
	p.mu.verdict = v
	p.mu.Unlock()
	if news && p.now.Load() != nil { // not what viewers think of
		p.node.cfg.Log.Warn("cannot refresh a playlist", "path", p.path.String(), "error", err)
	}
}

// statusOf is what viewers hear of a failure of the Source.
func statusOf(err error) int {
	status, ok := errors.AsType[errStatus](err)
	switch {
	case ok && (status == 404 || status == 410):
		return 404
	case ok && (status == 503 || status == 429 || status == 508) || errors.Is(err, errMemory):
		return 503
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errStalled):
		return 504
	default:
		return 502
	}
}
