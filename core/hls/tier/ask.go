package tier

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"uproar/core/hls"
)

// loopName is what a node adds to CDN-Loop (RFC 8586); how often it stands there is how
// many nodes a request has passed.
const loopName = "uproar"

// ask asks one node for the head of an answer.
func (s *Source) ask(ctx context.Context, n *node, p hls.Path, r hls.Reload) (*hls.Fetched, error) {
	within := s.cfg.AnswerTimeout
	if mayBeHeld(p, r) {
		within = 0
	}
	resp, body, err := s.do(ctx, n, request(ctx, n, p, r), within)
	if err != nil {
		return nil, fmt.Errorf("cannot ask %s for %s: %w", n.addr, p, err)
	}
	got, err := fetched(resp, p)
	if err != nil {
		_ = body.Close()
		s.meters.strange.Inc()
		n.failed(s.cfg.Now())
		return nil, fmt.Errorf("cannot use the answer of %s for %s: %w", n.addr, p, err)
	}
	got.Body = body
	return got, nil
}

// mayBeHeld reports whether a node may hold its answer until something exists: sections
// 6.2.5.2 and 6.2.6 of the specification.
func mayBeHeld(p hls.Path, r hls.Reload) bool {
	return p.Kind == hls.KindSegment || p.Kind == hls.KindMedia && r.MSN >= 0
}

func request(ctx context.Context, n *node, p hls.Path, r hls.Reload) *http.Request {
	u := &url.URL{Scheme: "http", Host: n.addr, Path: p.String()}
	if p.Kind == hls.KindMedia {
		u.RawQuery = query(r)
	}
	h := http.Header{"User-Agent": {loopName}}
	h.Set("CDN-Loop", loopName+strings.Repeat(", "+loopName, hls.Hops(ctx)))
	return &http.Request{Method: http.MethodGet, URL: u, Host: n.addr, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

func query(r hls.Reload) string {
	var parts []string
	if r.MSN >= 0 {
		parts = append(parts, "_HLS_msn="+strconv.FormatInt(r.MSN, 10))
		if r.Part >= 0 {
			parts = append(parts, "_HLS_part="+strconv.FormatInt(r.Part, 10))
		}
	}
	switch r.Skip {
	case hls.SkipYes:
		parts = append(parts, "_HLS_skip=YES")
	case hls.SkipV2:
		parts = append(parts, "_HLS_skip=v2")
	}
	return strings.Join(parts, "&")
}

// errSilent is that a node did not answer in time, or stopped in the middle.
var errSilent = errors.New("it says nothing")

// errFrozen is that a node has answered nobody for so long that it is taken for frozen.
var errFrozen = errors.New("it answers nobody")

// do sends a request, waits for the head of its answer, within 0 for as long as ctx, and
// notes how the node did. The body ends the request when it is closed.
func (s *Source) do(ctx context.Context, n *node, req *http.Request, within time.Duration) (*http.Response, *body, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	began := s.cfg.Now()
	var timer *time.Timer
	if within > 0 {
		timer = time.AfterFunc(within, func() { cancel(errSilent) })
	}
	n.requests.Inc()
	leave := n.enter(cancel)
	resp, err := s.client.Do(req.WithContext(ctx))
	leave()
	if timer != nil {
		timer.Stop()
	}
	if err != nil {
		cause := context.Cause(ctx)
		silent := cause == errSilent
		gaveUp := cause != nil && !silent
		cancel(nil)
		// A silence is no fault of a node that has answered others meanwhile: it may hold
		// what does not exist yet.
		if !gaveUp && !(silent && n.answeredSince(began)) {
			n.failed(s.cfg.Now())
		}
		if silent || cause == errFrozen {
			err = cause
		}
		return nil, nil, err
	}
	n.answered(s.cfg.Now())
	return resp, newBody(ctx, cancel, resp.Body, s.cfg.StallTimeout, func() { n.failed(s.cfg.Now()) }), nil
}

// fetched reads the head of an answer. It takes none that no node of the tier gives.
func fetched(resp *http.Response, p hls.Path) (*hls.Fetched, error) {
	got := &hls.Fetched{
		Status: resp.StatusCode, Length: resp.ContentLength,
		ContentType: resp.Header.Get("Content-Type"), ETag: resp.Header.Get("ETag"),
	}
	switch {
	case got.Status < 200 || got.Status == http.StatusPartialContent || got.Status >= 300 && got.Status < 400:
		return nil, fmt.Errorf("status %d", got.Status)
	case got.Status >= 400:
		return got, nil
	case got.Status != http.StatusOK:
		return nil, fmt.Errorf("status %d", got.Status)
	case resp.Header.Get("Content-Encoding") != "":
		return nil, fmt.Errorf("the encoding %q, which was not asked for", resp.Header.Get("Content-Encoding"))
	case got.Length < 0 && len(resp.TransferEncoding) == 0:
		return nil, errors.New("a body without a length, of which nobody could tell whether it is whole")
	}
	// A page instead of a segment is what an error looks like on servers that answer 200.
	if media, _, err := mime.ParseMediaType(got.ContentType); err == nil && (media == "text/html" || media == "application/xhtml+xml") {
		return nil, fmt.Errorf("a page (%s) for a %s", media, p.Name)
	}
	if at, err := http.ParseTime(resp.Header.Get("Last-Modified")); err == nil {
		got.LastModified = at
	}
	if age, err := strconv.ParseUint(resp.Header.Get("Age"), 10, 31); err == nil {
		got.Age = time.Duration(age) * time.Second
	}
	return got, nil
}
