package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestForgottenEntriesAreCounted(t *testing.T) {
	e := openBounded(t, bounds{members: 10, membersOfRoom: 10, spoken: 5, accounts: 5})
	e.limits = newLimits(e.meters, stripeCount*2) // two entries of each table per stripe
	color := "#FF0000"
	for i := range 1000 {
		login := fmt.Sprint("m", i)
		e.Fetch(t.Context(), &Batch{
			Spoken: []Spoken{{Room: "r", Login: login, Text: uint64(i), Unique: true, Mark: true}},
			Draws:  []Draw{{Room: "r", Login: login, Limits: []Limit{{"chat", 1, time.Hour}}}},
		})
		if err := e.Change(t.Context(), Key{Kind: KindAccount, Login: login}, Change{Color: &color}); err != nil && !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
	}
	m := e.meters
	for table, n := range map[string]uint64{
		"spoken": m.forgotSpoken.Get(), "accounts": m.forgotAccounts.Get(),
		"windows": m.forgotWindows.Get(), "lines": m.forgotLines.Get(), "texts": m.forgotTexts.Get(),
	} {
		if n == 0 || n > 1000 {
			t.Errorf("%d entries of table %s are counted as forgotten", n, table)
		}
	}
}

func TestFailedCommitIsToldOnceAndItsEnd(t *testing.T) {
	var told []bool
	e, err := OpenWith(Config{Path: filepath.Join(t.TempDir(), "test.db"), OnState: func(failing bool, cause error) {
		if failing != (cause != nil) {
			t.Errorf("failing %v because of %v", failing, cause)
		}
		told = append(told, failing)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	works := e.file
	broken := openAt(t, filepath.Join(t.TempDir(), "broken.db")).file
	if err := broken.close(); err != nil {
		t.Fatal(err)
	}
	commit := func() {
		e.journal.add(memberOf("r", 1))
		_ = e.commit(false)
	}
	commit()
	e.file = broken
	commit()
	commit()
	e.file = works
	commit()
	commit()
	if !slices.Equal(told, []bool{true, false}) {
		t.Errorf("told %v, want that it fails, and that it does not", told)
	}
	if n := e.meters.commitsFailed.Get(); n != 2 {
		t.Errorf("%d failed commits are counted, want 2", n)
	}
}
