package clue

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
)

func testBuckets(cfg Config) *buckets {
	return newBuckets(&cfg, metrics.NewSet().NewCounter("forgotten"))
}

func TestBucketsOfOneAccount(t *testing.T) {
	const sec = int64(time.Second)
	b := testBuckets(Config{
		RateLimit: Rate{2, 10 * time.Second}, RateLimitModerator: Rate{3, 10 * time.Second}, AccountsMax: 1 << 10,
	})
	for i, c := range []struct {
		at   int64
		role chat.Roles
		want bool
	}{
		{0, 0, true},
		{1 * sec, 0, true},
		{2 * sec, 0, false},             // 2 as a viewer
		{3 * sec, chat.Moderator, true}, // the third of all
		{4 * sec, chat.Moderator, false},
		{10*sec - 1, chat.Broadcaster, false},
		{10 * sec, chat.Moderator, true}, // all windows opened at 0
		{10 * sec, 0, true},
		{10 * sec, 0, true},
		{10 * sec, 0, false},
		{500 * sec, 0, true},
	} {
		if got := b.draw(1, c.role, false, c.at); got != c.want {
			t.Fatalf("draw %d at %v: %v", i, time.Duration(c.at), got)
		}
	}
}

func TestJoinsHaveABucketOfTheirOwn(t *testing.T) {
	const sec = int64(time.Second)
	b := testBuckets(Config{JoinLimit: Rate{2, 10 * time.Second}, RateLimit: Rate{1, 10 * time.Second}, AccountsMax: 1 << 10})
	if !b.draw(1, 0, false, 0) {
		t.Fatal("the first line is refused")
	}
	for i, want := range []bool{true, true, false} {
		if got := b.drawJoin(1, false, int64(i)*sec); got != want {
			t.Fatalf("join %d: %v", i, got)
		}
	}
	if !b.drawJoin(2, false, 3*sec) {
		t.Fatal("another account is refused")
	}
	if !b.drawJoin(1, false, 10*sec) {
		t.Fatal("refused in the next window")
	}
}

func TestRateOffHasNoBound(t *testing.T) {
	b := testBuckets(Config{RateLimit: Rate{1, time.Second}, AccountsMax: 1 << 10})
	for i := range int64(1000) {
		if !b.draw(1, chat.Moderator, false, i) {
			t.Fatal("refused a moderator without a limit")
		}
	}
	if !b.draw(1, 0, false, 0) || b.draw(1, 0, false, 1) {
		t.Fatal("the viewer's limit is 1")
	}
}

func TestTooManyAccountsStartAfresh(t *testing.T) {
	b := testBuckets(Config{RateLimit: Rate{1, time.Hour}, AccountsMax: 4 * bucketStripes})
	for key := range uint64(100 * bucketStripes) {
		if !b.draw(key, 0, false, int64(key)) {
			t.Fatalf("account %d is refused its first line", key)
		}
	}
	total := 0
	for i := range b.stripes {
		total += b.stripes[i].mu.accounts.Len()
	}
	if total > 4*bucketStripes {
		t.Fatalf("%d accounts, the bound is %d", total, 4*bucketStripes)
	}
	if n := int(b.forgotten.Get()); n != 100*bucketStripes-total {
		t.Fatalf("counted %d forgotten, %d are left", n, total)
	}
	if !b.draw(0, 0, false, 1e6) {
		t.Fatal("a forgotten account starts with full buckets")
	}
}

func TestShardsShareOneAccount(t *testing.T) {
	b := testBuckets(Config{RateLimit: Rate{1000, time.Hour}, AccountsMax: 1 << 10})
	var drawn atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				if b.draw(7, 0, false, 1) {
					drawn.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := drawn.Load(); n != 1000 {
		t.Fatalf("%d lines of 1000", n)
	}
}
