package hls

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"path"
	"time"
)

var (
	errMemory  = errors.New("no memory for segments is left")
	errStalled = errors.New("source sent no byte for too long")
	errEmpty   = errors.New("source sent a segment without a byte")
)

// fill has s fetched by a goroutine of the Node; no viewer can end it. The caller holds the
// lock.
func (p *playlist) fill(s *segment, hops int) bool {
	ok := p.node.spawn(func(ctx context.Context) {
		err := p.fetchSegment(WithHops(ctx, hops), s)
		p.filled(s, err)
	})
	if !ok {
		p.node.meters.refusedStopped.Inc()
	}
	return ok
}

// filled ends a fill: s has all of its bytes, or there is one verdict for all who wait.
func (p *playlist) filled(s *segment, err error) {
	p.mu.Lock()
	s.filling = false
	p.admitted(s.plan.stray, -1)
	if err == nil {
		s.ready = true
		s.plan.pool.enter(s)
	} else {
		p.fail(s, p.node.meters.failed(err), p.node.cfg.Now())
	}
	p.mu.Unlock()
	s.line.wake()
	if err != nil {
		p.node.cfg.Log.Debug("cannot fetch a segment", "path", p.path.String(), "name", s.name, "error", err)
	}
}

// fetchSegment asks the Source for s and reads it into an Object, which viewers read behind
// it unless it must be whole.
func (p *playlist) fetchSegment(ctx context.Context, s *segment) error {
	n := p.node
	timeout := n.cfg.FillTimeout
	if s.plan.hint {
		timeout += holdTargets * p.target()
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	n.meters.fetches[KindSegment].Inc()
	at := p.path
	at.Kind, at.Name = KindSegment, s.name
	f, err := n.cfg.Source.Fetch(ctx, at, NoReload)
	if err != nil {
		return err
	}
	defer f.Body.Close()
	switch {
	case f.Status != 200:
		return errStatus(f.Status)
	case f.Length > n.cfg.SegmentBytesMax:
		return errLong
	case f.Length == 0:
		return errEmpty
	}
	o := newObject(n, s.plan.pool.arena, f.Length)
	o.describe(&at, f, n.cfg.Now())
	o.retain() // the fill's own reference
	defer o.Release()
	if !n.playlists.know(p) {
		o.Release()
		return errStatus(503)
	}
	p.mu.Lock()
	s.object = o
	p.keepObject(s)
	p.mu.Unlock()
	err = p.read(ctx, o, s, f)
	if err == nil {
		o.finish(StateEnd)
		return nil
	}
	// First nobody gets it any more; then those who have hear that no more comes.
	p.mu.Lock()
	p.dropObject(s)
	p.mu.Unlock()
	o.finish(StateBroken)
	return err
}

// show gives the Object of s out with its first bytes: until then a failure has a status.
func (p *playlist) show(s *segment) {
	p.mu.Lock()
	s.ready = true
	p.mu.Unlock()
	s.line.wake()
}

// describe takes what the header says.
func (o *Object) describe(at *Path, f *Fetched, now time.Time) {
	o.contentType, o.etag, o.lastModified = f.ContentType, f.ETag, f.LastModified
	if o.contentType == "" {
		o.contentType = contentType(at.Name)
	}
	if o.etag == "" {
		// A path stands for the same bytes for ever, so it is a validator, and the same
		// on every node.
		h := fnv.New64a()
		_, _ = io.WriteString(h, at.String())
		o.etag = fmt.Sprintf("%q", fmt.Sprintf("%x", h.Sum64()))
	}
	o.born = now.Add(-f.Age)
}

// read reads the body to its end. A byte must come every StallTimeout.
func (p *playlist) read(ctx context.Context, o *Object, s *segment, f *Fetched) error {
	n := p.node
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(n.cfg.StallTimeout, func() { cancel(errStalled) })
	defer stall.Stop()
	// A Read that hangs comes back, whatever the Source makes of ctx.
	defer context.AfterFunc(ctx, func() { _ = f.Body.Close() })()
	for {
		if len(o.room()) == 0 {
			want := int64(chunkPages * pageBytes)
			if f.Length >= 0 {
				want = min(want, f.Length-o.filled.Load())
			}
			if want > 0 && !s.plan.pool.grow(o, want) {
				return errMemory
			}
		}
		m, err := readInto(f.Body, o.room(), f.Length >= 0 && o.filled.Load() == f.Length)
		if m > 0 {
			stall.Reset(n.cfg.StallTimeout)
			n.meters.fetchedBytes.Add(m)
			o.wrote(m)
			if !s.plan.whole && o.filled.Load() == int64(m) {
				p.show(s)
			}
		}
		got := o.filled.Load()
		switch {
		case got > n.cfg.SegmentBytesMax:
			return errLong
		case err == nil:
			continue
		case !errors.Is(err, io.EOF):
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		case f.Length >= 0 && got != f.Length:
			return io.ErrUnexpectedEOF
		case got == 0:
			return errEmpty
		}
		return nil
	}
}

// readInto reads what there is room for. At the announced end it asks for one byte more,
// which is not to come.
func readInto(body io.Reader, room []byte, full bool) (int, error) {
	if !full {
		return body.Read(room[:len(room):len(room)])
	}
	var more [1]byte
	n, err := body.Read(more[:])
	if n > 0 {
		return 0, errLong
	}
	return 0, err
}

// contentType goes by the name, where a Source says nothing.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".m4s", ".mp4", ".cmfv", ".cmfa", ".m4v", ".m4a":
		return "video/mp4"
	case ".ts":
		return "video/mp2t"
	case ".aac":
		return "audio/aac"
	case ".vtt":
		return "text/vtt"
	default:
		return "application/octet-stream"
	}
}
