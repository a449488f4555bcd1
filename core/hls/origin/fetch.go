package origin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"time"

	"uproar/core/hls"
)

// playlistType is the media type of playlists (section 4).
const playlistType = "application/vnd.apple.mpegurl"

// Fetch gives out what there is: hls.Source for the Nodes of this process. A request for a
// version or a part that is to come is held, by the rules of section 6.2.5.2 and 6.2.6.
func (o *Origin) Fetch(ctx context.Context, p hls.Path, r hls.Reload) (*hls.Fetched, error) {
	o.meters.fetches.Inc()
	switch p.Kind {
	case hls.KindMaster:
		return o.fetchMaster(p), nil
	case hls.KindMedia:
		return o.fetchMedia(ctx, p, r)
	default:
		return o.fetchFile(ctx, p)
	}
}

func status(code int) *hls.Fetched {
	return &hls.Fetched{Status: code, Body: io.NopCloser(bytes.NewReader(nil))}
}

func text(b []byte, etag string, at time.Time) *hls.Fetched {
	return &hls.Fetched{Status: http.StatusOK, ContentType: playlistType, ETag: etag, LastModified: at,
		Length: int64(len(b)), Body: io.NopCloser(bytes.NewReader(b))}
}

func (o *Origin) fetchMaster(p hls.Path) *hls.Fetched {
	if c := o.find(p.Channel); c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if b := c.runLocked(p.Broadcast); b != nil {
			before := ""
			if p.Broadcast == "" {
				before = b.id + "/"
			}
			if t := b.masterText(before, time.Now()); t != nil {
				sum := sha256.Sum256(t)
				return text(t, `"`+hex.EncodeToString(sum[:12])+`"`, time.Time{})
			}
			return status(http.StatusNotFound)
		}
	}
	if p.Broadcast == "" {
		return status(http.StatusNotFound)
	}
	return o.disk.fetch(p)
}

func (o *Origin) fetchMedia(ctx context.Context, p hls.Path, r hls.Reload) (*hls.Fetched, error) {
	since := time.Now()
	for {
		x := o.rendition(p)
		if x == nil {
			return o.disk.fetch(p), nil
		}
		c := x.b.c
		c.mu.Lock()
		v, changed := x.live.Version(), x.changed
		c.mu.Unlock()
		if v == nil {
			return status(http.StatusNotFound), nil
		}
		d := v.Decide(r, since, time.Now())
		switch d.Verdict {
		case hls.VerdictAnswer:
			return text(d.Text.Bytes, d.Text.ETag, v.At), nil
		case hls.VerdictBad:
			return status(http.StatusBadRequest), nil
		case hls.VerdictUnavailable:
			return status(http.StatusServiceUnavailable), nil
		}
		if err := wait(ctx, changed, d.Until); err != nil {
			return nil, err
		}
	}
}

// wait ends with a change, at a time, or with an error when ctx ends.
func wait(ctx context.Context, changed <-chan struct{}, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// rendition is the rendition of a path that is in memory, or nil.
func (o *Origin) rendition(p hls.Path) *rendition {
	c := o.find(p.Channel)
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.runLocked(p.Broadcast); b != nil {
		return b.renditions[p.Rendition]
	}
	return nil
}

// fetchFile gives a file out: a segment while it comes, a part once it is whole, and what is
// announced once it is there.
func (o *Origin) fetchFile(ctx context.Context, p hls.Path) (*hls.Fetched, error) {
	until := time.Now().Add(holdHintedMax)
	for {
		x := o.rendition(p)
		if x == nil {
			return o.disk.fetch(p), nil
		}
		c := x.b.c
		c.mu.Lock()
		f, hinted, changed := x.files[p.Name], x.hintedLocked(p.Name), x.changed
		part := f != nil && f.part
		c.mu.Unlock()
		switch {
		case f != nil && part:
			if state, err := f.blob.settle(ctx); err != nil {
				return nil, err
			} else if state == blobWhole {
				return o.give(ctx, f.blob), nil
			}
			return status(http.StatusNotFound), nil
		case f != nil:
			return o.give(ctx, f.blob), nil
		case !hinted || !time.Now().Before(until):
			return o.disk.fetch(p), nil
		}
		if err := wait(ctx, changed, until); err != nil {
			return nil, err
		}
	}
}

func (o *Origin) give(ctx context.Context, b *blob) *hls.Fetched {
	size, state, _ := b.look()
	if state == blobBroken {
		return status(http.StatusNotFound)
	}
	x := &hls.Fetched{Status: http.StatusOK, Length: -1, ETag: bornTag(b.born), LastModified: b.born, Body: &blobReader{ctx: ctx, b: b}}
	if state == blobWhole {
		x.Length = size
	}
	return x
}
