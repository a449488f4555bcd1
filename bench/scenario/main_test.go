package scenario

import (
	"os"
	"testing"

	"uproar/bench/origin"
	"uproar/bench/worker"
)

func TestMain(m *testing.M) {
	worker.Run()
	origin.Run()
	os.Exit(m.Run())
}
