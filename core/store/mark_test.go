package store

import (
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

func TestMarkKeepsTheEarliestAndTheLatestLine(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 500e6, time.UTC)
	var m Member
	for _, at := range []time.Duration{0, -time.Hour, time.Hour, 0} {
		m = m.Marked(noon.Add(at))
	}
	whole := noon.Truncate(time.Second)
	if m.First != whole.Add(-time.Hour) || m.Last != whole.Add(time.Hour) || !m.onlySpoke() {
		t.Errorf("%+v", m)
	}
	if m := (Member{}).Marked(time.Unix(-5, 0)); m.First != LongAgo || m.Last != LongAgo {
		t.Errorf("before 1970: %+v", m)
	}
}

// A file of the version before has no times.
func TestFileThatKnowsNotWhenOpens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	if err := openAt(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, path, func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketMembers)
		if err := b.Put([]byte("r\x00only"), []byte("\x01{\"spoke\":true}")); err != nil {
			return err
		}
		return b.Put([]byte("r\x00mod"), []byte("\x01{\"roles\":4,\"spoke\":true}"))
	})
	e := openAt(t, path)
	checkRecords(t, e.records)
	for login, roles := range map[string]uint8{"only": 0, "mod": 4} {
		m := e.records.member(memberKey{"r", login}, time.Now())
		if m.First != LongAgo || m.Last != LongAgo || uint8(m.Roles) != roles {
			t.Errorf("%s: %+v", login, m)
		}
	}
	now := time.Now()
	e.Fetch(t.Context(), &Batch{Spoken: []Spoken{{Room: "r", Login: "only", Mark: true}}})
	if m := e.records.member(memberKey{"r", "only"}, now); m.First != LongAgo || m.Last.Before(now.Add(-time.Second)) {
		t.Errorf("after a line: %+v", m)
	}
}

func TestLineIsMarkedOnceAnHour(t *testing.T) {
	e := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	k := Key{KindMember, "r", "a"}
	say := func(ago time.Duration) bool {
		e.Fetch(t.Context(), &Batch{Spoken: []Spoken{{Room: "r", Login: "a", Mark: true, Ago: ago}}})
		_, dirty := e.journal.take(false).keys[k]
		return dirty
	}
	for _, c := range []struct {
		ago  time.Duration
		want bool
	}{{3 * MarkEvery, true}, {3*MarkEvery - time.Minute, false}, {2 * MarkEvery, true}, {0, true}, {0, false}} {
		if got := say(c.ago); got != c.want {
			t.Errorf("a line %v ago: to be written %v, want %v", c.ago, got, c.want)
		}
	}
}
