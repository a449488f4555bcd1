package hall

import (
	"testing"

	_ "uproar/edge/room"
)

func TestWithoutReason(t *testing.T)   { t.SkipNow() }
func TestWithOneWord(t *testing.T)     { t.Skip("flaky") }
func TestWithIssue(t *testing.T)       { t.Skip("#12") }
func TestWithReason(t *testing.T)      { t.Skipf("needs root to open %d sockets", 9) }
func BenchmarkOfNothing(b *testing.B)  { b.Skip() }
func BenchmarkWithWhy(b *testing.B)    { b.Skip("drives other programs") }
func TestSkipOfAnotherKind(*testing.T) { r := reader{}; r.Skip(1) }

type reader struct{}

func (reader) Skip(int) {}

func notYet(t *testing.T, why string) { t.Skip(why) }

func TestPassesOnNothing(t *testing.T) { notYet(t, "") }
func TestPassesOnIssue(t *testing.T)   { notYet(t, "#3") }
