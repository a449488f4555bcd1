package scenario

import (
	"os"
	"testing"

	"uproar/bench/worker"
)

func TestMain(m *testing.M) {
	worker.Run()
	os.Exit(m.Run())
}
