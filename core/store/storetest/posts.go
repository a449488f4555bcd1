package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"uproar/core/store"
)

// RunPosts holds two Posts that share their state, as two processes do, to the promises of
// the interface.
func RunPosts(t *testing.T, open func(t *testing.T) (a, b store.Posts)) {
	for _, c := range []struct {
		name string
		test func(p *boards)
	}{
		{"PostIsReadByTheOther", postAcross},
		{"PostReplacesTheOneOfItsName", postAgain},
		{"PostLeavesAtItsEnd", postLeaves},
		{"PostThatIsRenewedStays", postStays},
		{"PostIsTakenAway", postTaken},
		{"BoardsAreApart", boardsApart},
		{"FullBoardTakesNoOtherName", boardFull},
		{"HugePostIsRefused", postHuge},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := open(t)
			c.test(&boards{t, a, b, fmt.Sprintf("board-%x", rand.Uint64())})
		})
	}
}

type boards struct {
	t     *testing.T
	a, b  store.Posts
	board string
}

// long outlives every test.
const long = time.Minute

func (p *boards) post(name, text string, ttl time.Duration) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), deadline)
	defer cancel()
	if err := p.a.Post(ctx, p.board, name, text, ttl); err != nil {
		p.t.Fatal(err)
	}
}

func (p *boards) posted(board string) map[string]string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), deadline)
	defer cancel()
	got, err := p.b.Posted(ctx, board)
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}

func (p *boards) want(want map[string]string) {
	p.t.Helper()
	if got := p.posted(p.board); !maps.Equal(got, want) {
		p.t.Fatalf("posted %q, want %q", got, want)
	}
}

func postAcross(p *boards) {
	p.want(map[string]string{})
	p.post("one", "a:b {} \x00\n", long)
	p.post("two", "", long)
	p.want(map[string]string{"one": "a:b {} \x00\n", "two": ""})
}

func postAgain(p *boards) {
	p.post("one", "first", long)
	p.post("one", "second", long)
	p.want(map[string]string{"one": "second"})
}

func (p *boards) until(gone string) time.Duration {
	p.t.Helper()
	began := time.Now()
	for _, there := p.posted(p.board)[gone]; there; _, there = p.posted(p.board)[gone] {
		if time.Since(began) > deadline {
			p.t.Fatalf("%q is still there after %v", gone, deadline)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

func postLeaves(p *boards) {
	p.post("long", "x", long)
	p.post("short", "y", window)
	if took := p.until("short"); took < window/4 {
		p.t.Errorf("gone after %v, %v before its time", took, window-took)
	}
	p.want(map[string]string{"long": "x"})
}

func postStays(p *boards) {
	p.post("one", "x", window)
	p.post("one", "x", long)
	p.post("other", "y", window)
	p.until("other")
	p.want(map[string]string{"one": "x"})
}

func postTaken(p *boards) {
	p.post("one", "x", long)
	p.post("one", "", 0)
	p.post("never", "", 0)
	p.want(map[string]string{})
}

func boardsApart(p *boards) {
	p.post("one", "x", long)
	if got := p.posted(p.board + "2"); len(got) != 0 {
		p.t.Errorf("on another board: %q", got)
	}
}

func boardFull(p *boards) {
	for i := range store.PostsMax - 1 {
		p.post(fmt.Sprint("n", i), "x", long)
	}
	p.post("short", "x", window)
	ctx, cancel := context.WithTimeout(p.t.Context(), deadline)
	defer cancel()
	if err := p.a.Post(ctx, p.board, "more", "x", long); err != nil && !errors.Is(err, store.ErrPostsFull) {
		p.t.Fatal(err)
	}
	p.until("short") // its place is free
	p.post("more", "x", long)
	if err := p.a.Post(ctx, p.board, "too many", "x", long); !errors.Is(err, store.ErrPostsFull) {
		p.t.Errorf("one more than %d: %v", store.PostsMax, err)
	}
	p.post("n0", "y", long)
	if got := p.posted(p.board); len(got) != store.PostsMax || got["n0"] != "y" {
		p.t.Errorf("%d posts, n0 is %q", len(got), got["n0"])
	}
}

func postHuge(p *boards) {
	if err := p.a.Post(p.t.Context(), p.board, "one", strings.Repeat("x", store.PostBytesMax+1), long); err == nil {
		p.t.Error("taken")
	}
	p.post("one", strings.Repeat("x", store.PostBytesMax), long)
}
