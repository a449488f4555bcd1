package tier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"uproar/core/hls"
)

// body is that of one answer. It ends with an error when nothing comes for a while.
type body struct {
	from   io.ReadCloser
	ctx    context.Context // of the request
	cancel context.CancelCauseFunc
	stall  time.Duration
	timer  *time.Timer
	broken func() // called when it breaks off by the node's fault
}

func newBody(ctx context.Context, cancel context.CancelCauseFunc, from io.ReadCloser, stall time.Duration, broken func()) *body {
	b := &body{from: from, ctx: ctx, cancel: cancel, stall: stall, broken: broken}
	b.timer = time.AfterFunc(stall, func() { cancel(errSilent) })
	return b
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.timer.Reset(b.stall)
	n, err := b.from.Read(p)
	b.timer.Stop()
	if err == nil || err == io.EOF {
		return n, err
	}
	if cause := context.Cause(b.ctx); cause == errSilent {
		err = errSilent
	} else if cause != nil {
		return n, err // whoever asked does not want it any more
	}
	b.broken()
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.timer.Stop()
	err := b.from.Close()
	b.cancel(nil)
	return err
}

// continued has the rest of a body asked of the next nodes when it breaks off.
func (s *Source) continued(ctx context.Context, got *hls.Fetched, p hls.Path, next []*node) {
	if p.Kind != hls.KindSegment || len(next) == 0 || len(got.ETag) < 2 || strings.HasPrefix(got.ETag, "W/") {
		return
	}
	got.Body = &continuing{ReadCloser: got.Body, s: s, ctx: ctx, p: p, etag: got.ETag, length: got.Length, next: next}
}

// continuing is a body over several answers for the same bytes.
type continuing struct {
	io.ReadCloser
	s      *Source
	ctx    context.Context
	p      hls.Path
	etag   string
	length int64 // -1: not known
	next   []*node
	read   int64
}

// Read implements io.Reader.
func (c *continuing) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.read += int64(n)
	if err == nil || err == io.EOF || n > 0 {
		if err != io.EOF {
			err = nil // an error comes again with the next call
		}
		return n, err
	}
	for len(c.next) > 0 && c.ctx.Err() == nil {
		to := c.next[0]
		c.next = c.next[1:]
		rest, restErr := c.rest(to)
		if restErr != nil {
			err = errors.Join(err, restErr)
			continue
		}
		_ = c.ReadCloser.Close()
		c.ReadCloser = rest
		c.s.meters.continued.Inc()
		return 0, nil
	}
	return 0, err
}

// rest asks a node for what is missing.
func (c *continuing) rest(n *node) (io.ReadCloser, error) {
	req := request(c.ctx, n, c.p, hls.NoReload)
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-", c.read))
	req.Header.Set("If-Range", c.etag)
	resp, rest, err := c.s.do(c.ctx, n, req, c.s.cfg.AnswerTimeout)
	if err != nil {
		return nil, fmt.Errorf("cannot ask %s for the rest of %s: %w", n.addr, c.p, err)
	}
	if err := c.continues(resp); err != nil {
		_ = rest.Close()
		return nil, fmt.Errorf("cannot go on with %s of %s: %w", c.p, n.addr, err)
	}
	return rest, nil
}

// continues checks that an answer is the rest of the same bytes.
func (c *continuing) continues(resp *http.Response) error {
	if resp.StatusCode != http.StatusPartialContent || resp.Header.Get("ETag") != c.etag {
		return fmt.Errorf("status %d, ETag %q", resp.StatusCode, resp.Header.Get("ETag"))
	}
	var first, last, length int64
	text := resp.Header.Get("Content-Range")
	_, err := fmt.Sscanf(text, "bytes %d-%d/%d", &first, &last, &length)
	if err != nil || first != c.read || last != length-1 || c.length >= 0 && c.length != length || resp.ContentLength != length-first {
		return fmt.Errorf("the range %q", text)
	}
	return nil
}
