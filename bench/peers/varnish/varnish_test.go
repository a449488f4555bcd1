package varnish

import (
	"testing"

	"uproar/bench/peers/peertest"
)

func TestUpstreamIsAskedOnce(t *testing.T) { peertest.AsksOnce(t, Cache) }
