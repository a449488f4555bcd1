package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"uproar/core/store"
)

var _ store.Posts = (*Store)(nil)

func boardTag(board string) string       { return "{p:" + board + "}" }
func (k keys) posts(board string) string { return k.prefix + boardTag(board) + ":posts" }

// Post implements store.Posts.
func (s *Store) Post(ctx context.Context, board, name, text string, ttl time.Duration) error {
	if len(text) > store.PostBytesMax {
		return fmt.Errorf("cannot post %q: %d bytes are over %d", name, len(text), store.PostBytesMax)
	}
	at := s.at(boardTag(board))
	result, err := at.doOne(ctx, func(byText bool) rueidis.Completed {
		return postScript.command(at.client.B(), byText, []string{s.keys.posts(board)},
			[]string{name, text, strconv.FormatInt(ttl.Milliseconds(), 10), strconv.Itoa(store.PostsMax)})
	})
	if err != nil {
		return fmt.Errorf("cannot post %q: %w", name, err)
	}
	if taken, err := result.AsInt64(); err != nil {
		return fmt.Errorf("cannot post %q: %w", name, err)
	} else if taken == 0 {
		return fmt.Errorf("cannot post %q: %w", name, store.ErrPostsFull)
	}
	return nil
}

// Posted implements store.Posts.
func (s *Store) Posted(ctx context.Context, board string) (map[string]string, error) {
	at := s.at(boardTag(board))
	result, err := at.doOne(ctx, func(byText bool) rueidis.Completed {
		return postedScript.command(at.client.B(), byText, []string{s.keys.posts(board)}, nil)
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the board %q: %w", board, err)
	}
	list, err := result.AsStrSlice()
	if err != nil || len(list)%2 != 0 {
		return nil, fmt.Errorf("cannot read the board %q: %d strings, %w", board, len(list), err)
	}
	posts := make(map[string]string, len(list)/2)
	for i := 0; i < len(list); i += 2 {
		posts[list[i]] = list[i+1]
	}
	return posts, nil
}
