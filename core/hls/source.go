package hls

import (
	"context"
	"io"
	"time"
)

// Source is where a Node's misses go. Its methods may be called by several goroutines.
type Source interface {
	// Fetch asks for one thing. The Reload counts for a KindMedia alone: a Source that
	// cannot block answers at once with what it has, and a Node copes. An error means that
	// no answer came (nobody reached, deadline over); an answer of any status is no error.
	// The caller closes Body. ctx bounds the whole fetch, the reading of Body included.
	Fetch(ctx context.Context, p Path, r Reload) (*Fetched, error)
}

// Fetched is the answer of a Source.
type Fetched struct {
	Status       int    // of HTTP: 200, 404, 503 and others
	ContentType  string // empty: by the name
	ETag         string // as it stands in the header; empty: none
	LastModified time.Time
	Age          time.Duration // spent in caches above
	Length       int64         // of Body in bytes; -1 when not known before its end
	// Body ends with io.EOF only if it is whole: one that was cut short ends with another
	// error, and is never kept as whole.
	Body io.ReadCloser
}
