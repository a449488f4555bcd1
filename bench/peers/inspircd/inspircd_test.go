package inspircd

import (
	"testing"

	"uproar/bench/peers/peertest"
)

func TestEveryMemberGetsEveryLine(t *testing.T) { peertest.DeliversEveryLine(t, Peer) }

func TestTakenPortIsTold(t *testing.T) { peertest.TellsWhyItCannotStart(t, Peer, start, "in use") }

func TestNothingOutlivesTheHarness(t *testing.T) { peertest.EndsWithItsHarness(t, Peer) }
