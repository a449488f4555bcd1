package origin

import (
	"testing"
	"testing/synctest"
)

// clocked runs a test in which time passes only when everybody waits.
func clocked(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
