package store_test

import (
	"context"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"uproar/core/store"
	"uproar/core/store/storetest"
)

func TestMain(m *testing.M) {
	if path, ok := childPath(); ok {
		child(path)
	}
	goleak.VerifyTestMain(m)
}

func TestMemoryKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return start(t, "") })
}

func TestFileKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return start(t, filepath.Join(t.TempDir(), "test.db")) })
}

func TestTwoUsersOfOneStoreKeepTheContract(t *testing.T) {
	storetest.RunPair(t, func(t *testing.T) (a, b store.Store) {
		s := start(t, "")
		return s, s
	})
}

// start opens a store and runs it until the test ends.
func start(t *testing.T, path string) *store.Embedded {
	t.Helper()
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	run(t, s)
	return s
}

// run runs s until the returned stop, or the end of the test.
func run(t *testing.T, s *store.Embedded) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}
