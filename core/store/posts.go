package store

import (
	"context"
	"errors"
	"time"
)

// Posts is where processes tell of themselves what leaves when they do: a text by name, on
// a board, for a time. A process alone has nobody to tell: only redisstore.Store is one.
type Posts interface {
	// Post keeps a text for ttl, in place of the one of that name; with a ttl of 0 it takes
	// it away. Of a board that has PostsMax names no other is taken: ErrPostsFull.
	Post(ctx context.Context, board, name, text string, ttl time.Duration) error
	// Posted returns the texts of a board, by name, whose time is not over.
	Posted(ctx context.Context, board string) (map[string]string, error)
}

// Bounds of Posts.
const (
	PostsMax     = 1024     // names on a board
	PostBytesMax = 64 << 10 // of a text
)

// ErrPostsFull is that a board has PostsMax names.
var ErrPostsFull = errors.New("the board is full")
