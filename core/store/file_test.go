package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"uproar/core/chat"
)

func contextWithCancel(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func openAt(t *testing.T, path string) *Embedded {
	t.Helper()
	e, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// running runs e until the returned stop.
func running(t *testing.T, e *Embedded) (stop func()) {
	t.Helper()
	ctx, cancel := contextWithCancel(t)
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	return sync.OnceFunc(func() { cancel(); <-done })
}

func TestRecordsComeBackFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	e := openAt(t, path)
	stop := running(t, e)
	defer stop()
	yes, since, color, terms := true, time.Now().Add(-time.Hour), "#00ff7F", []string{"*ü", "\"", "<b>"}
	room, member, account := Key{Kind: KindRoom, Room: "r"}, Key{KindMember, "r", "a"}, Key{Kind: KindAccount, Login: "a"}
	gone := Key{KindMember, "r", "gone"}
	for _, c := range []struct {
		k Key
		c Change
	}{
		{room, Change{Created: &yes, Suspended: &yes, HoldTerms: &yes, NoLinks: &yes, Terms: &terms}},
		{room, Change{Mode: &ModeValue{chat.ModeFollowers, chat.Modes{FollowersOnly: true, FollowersFor: time.Hour}}}},
		{room, Change{Mode: &ModeValue{chat.ModeSlow, chat.Modes{Slow: time.Second}}}},
		{room, Change{Mode: &ModeValue{chat.ModeSubscribers, chat.Modes{SubscribersOnly: true}}}},
		{room, Change{Mode: &ModeValue{chat.ModeEmotes, chat.Modes{EmoteOnly: true}}}},
		{room, Change{Mode: &ModeValue{chat.ModeUnique, chat.Modes{Unique: true}}}},
		{member, Change{Grant: chat.Moderator, Follows: &since, Ban: &Ban{Until: time.Now().Add(time.Hour), Reason: "a \"reason\""}}},
		{account, Change{Color: &color, Banned: &yes, Verified: &yes}},
		{gone, Change{Grant: chat.VIP}},
		{gone, Change{Revoke: chat.VIP}},
	} {
		if err := e.Change(t.Context(), c.k, c.c); err != nil {
			t.Fatal(err)
		}
	}
	e.Fetch(t.Context(), &Batch{Spoken: []Spoken{{Room: "r", Login: "a", Mark: true}, {Room: "r", Login: "b", Mark: true}}})
	before := fetchAll(e, room, member, account, gone, Key{KindMember, "r", "b"})
	stop() // writes what nobody waits for
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}

	again := openAt(t, path)
	checkRecords(t, again.records)
	after := fetchAll(again, room, member, account, gone, Key{KindMember, "r", "b"})
	if before != after {
		t.Errorf("before %s\nafter %s", before, after)
	}
	if n := again.records.memberCount.Load(); n != 1 {
		t.Errorf("%d members, want 1", n)
	}
	if got, _ := again.Roster(t.Context(), "r", chat.Moderator); len(got) != 1 {
		t.Errorf("roster %q", got)
	}
}

// fetchAll prints the records.
func fetchAll(e *Embedded, keys ...Key) string {
	var all strings.Builder
	for _, k := range keys {
		value, err := e.records.encode(k)
		all.WriteString(k.String() + ": " + string(value) + "\n")
		if err != nil {
			all.WriteString(err.Error())
		}
	}
	return all.String()
}

func TestFileInUseSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	openAt(t, path)
	_, err := Open(path)
	if err == nil || !strings.Contains(err.Error(), "another process") || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}

func TestUnreadableFileIsAnErrorThatNamesIt(t *testing.T) {
	put := func(bucket, key, value string) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte(bucket))
			return errors.Join(err, b.Put([]byte(key), []byte(value)))
		}
	}
	for _, c := range []struct {
		what string
		make func(*bbolt.Tx) error
		want string
	}{
		{"another layout", put("meta", "layout", "2"), "layout"},
		{"another version", put("members", "r\x00a", "\x02{}"), "version 2"},
		{"another member", put("members", "r\x00a", "\x01{\"new\":1}"), "new"},
		{"an empty value", put("rooms", "r", ""), "empty"},
		{"no name", put("rooms", "R r", "\x01{}"), "name"},
		{"a member without a room", put("members", "a", "\x01{}"), "name"},
	} {
		path := filepath.Join(t.TempDir(), "test.db")
		if err := openAt(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		damage(t, path, c.make)
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one with %q and the path", c.what, err, c.want)
		}
	}
}

func damage(t *testing.T, path string, make func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(make), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedFileIsAnErrorThatNamesIt(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.db")
	e := openAt(t, whole)
	for i := range 2000 {
		e.Fetch(t.Context(), &Batch{Spoken: []Spoken{{Room: "r", Login: fmt.Sprint("m", i), Mark: true}}})
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	overwritten := append(slices.Clone(content[:2*page]), bytes.Repeat([]byte{0xA5}, len(content)-2*page)...)
	for what, damaged := range map[string][]byte{"cut": content[:4*page], "overwritten": overwritten, "foreign": bytes.Repeat([]byte("text"), page)} {
		path := filepath.Join(t.TempDir(), what)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), damageAdvice) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

func TestForeignFileIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	text, foreign := filepath.Join(dir, "text"), filepath.Join(dir, "foreign.db")
	content := strings.Repeat("no database\n", 10_000)
	if err := os.WriteFile(text, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	damage(t, foreign, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
	for _, path := range []string{text, foreign, filepath.Join(dir, "no", "such", "folder")} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
	}
	if got, _ := os.ReadFile(text); string(got) != content {
		t.Error("the file was written to")
	}
}

func TestChangeIsSeenBeforeItIsDurable(t *testing.T) {
	e := openAt(t, filepath.Join(t.TempDir(), "test.db")) // nothing runs: nothing is written
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := e.Change(ctx, memberOf("r", 0), Change{Ban: &Ban{}})
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Change: %v", err)
	}
	if !e.records.member(memberKey{"r", "m0"}, time.Now()).Banned {
		t.Error("the ban waits for the disk")
	}
}

func TestChangesThatWaitShareOneTransaction(t *testing.T) {
	const changes = 500
	e := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	failed := make(chan error, changes)
	for i := range changes {
		go func() { failed <- e.Change(t.Context(), memberOf("r", i), Change{Ban: &Ban{}}) }()
	}
	for waiting := 0; waiting < changes; time.Sleep(time.Millisecond) {
		e.journal.mu.Lock()
		waiting = len(e.journal.mu.open.keys)
		e.journal.mu.Unlock()
	}
	id := txID(t, e)
	stop := running(t, e)
	defer stop()
	for range changes {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	if used := txID(t, e) - id; used != 1 {
		t.Errorf("%d transactions for %d changes, want 1", used, changes)
	}
}

// txID grows by one with each transaction that writes.
func txID(t *testing.T, e *Embedded) int {
	t.Helper()
	id := 0
	if err := e.file.db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestChangeThatTheDiskRefusedIsTriedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	e := openAt(t, path)
	real := e.file
	broken := openAt(t, filepath.Join(t.TempDir(), "broken.db")).file
	if err := broken.close(); err != nil {
		t.Fatal(err)
	}
	e.file = broken
	stop := running(t, e)
	err := e.Change(t.Context(), memberOf("r", 0), Change{Ban: &Ban{}})
	stop()
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "broken.db") {
		t.Errorf("Change: %v", err)
	}
	e.file = real
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if !openAt(t, path).records.member(memberKey{"r", "m0"}, time.Now()).Banned {
		t.Error("the ban was not written when the disk was back")
	}
}

func TestChangeAfterCloseFails(t *testing.T) {
	e := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Change(t.Context(), memberOf("r", 0), Change{Ban: &Ban{}}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Change: %v", err)
	}
}

func TestJournalIsBounded(t *testing.T) {
	j := newJournal()
	for i := range groupKeysMax + 100 {
		j.add(memberOf("r", i))
	}
	if n := len(j.mu.open.keys); n != groupKeysMax {
		t.Errorf("%d keys wait, the bound is %d", n, groupKeysMax)
	}
	if j.admits() {
		t.Error("a full journal admits a change")
	}
	g := j.take(false)
	if !j.admits() {
		t.Error("a journal that was written admits none")
	}
	j.settle(g, errors.New("disk full"))
	if j.admits() || len(j.take(false).keys) != groupKeysMax {
		t.Error("what could not be written does not wait for the next group")
	}
}

func TestFirstLinesAreWrittenWithinASecondOrSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		e := openAt(t, path)
		stop := running(t, e)
		defer stop()
		e.Fetch(t.Context(), &Batch{Spoken: []Spoken{{Room: "r", Login: "a", Mark: true}}})
		time.Sleep(lazyEvery + time.Millisecond)
		synctest.Wait()
		if value := valueOf(t, e, Key{KindMember, "r", "a"}); value == "" {
			t.Error("not in the file")
		}
	})
}

func valueOf(t *testing.T, e *Embedded, k Key) (value string) {
	t.Helper()
	err := e.file.db.View(func(tx *bbolt.Tx) error {
		value = string(tx.Bucket(bucketOf(k.Kind)).Get(nameOf(k)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}
