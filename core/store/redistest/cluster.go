package redistest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

const slotCount = 16384

// StartCluster runs n masters without replicas that share the slots evenly. A node that
// is gone leaves the others at work on their slots.
func StartCluster(t testing.TB, n int, options ...string) []*Server {
	t.Helper()
	need(t)
	nodes := make([]*Server, n)
	for i := range nodes {
		nodes[i] = start(t, t.TempDir(), append([]string{
			"--cluster-enabled", "yes",
			"--cluster-node-timeout", "2000",
			"--cluster-require-full-coverage", "no",
		}, options...))
		first, last := slotCount*i/n, slotCount*(i+1)/n-1
		expect(t, nodes[i], "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
		expect(t, nodes[i], "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
	}
	for _, other := range nodes[1:] {
		expect(t, nodes[0], "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(other.port))
	}
	for _, node := range nodes {
		node.awaitCluster(n)
	}
	return nodes
}

func expect(t testing.TB, s *Server, words ...string) {
	t.Helper()
	if answer := s.Do(words...); answer != "+OK" {
		t.Fatalf("cannot make a cluster: %q answered %q", words, answer)
	}
}

// awaitCluster returns when the node knows of n masters that hold all slots.
func (s *Server) awaitCluster(n int) {
	s.t.Helper()
	wants := []string{"cluster_state:ok", fmt.Sprintf("cluster_slots_ok:%d", slotCount), fmt.Sprintf("cluster_size:%d", n)}
	var info string
	for began := time.Now(); time.Since(began) < 3*startTimeout; time.Sleep(20 * time.Millisecond) {
		info = s.CLI("CLUSTER", "INFO")
		missing := 0
		for _, want := range wants {
			if !strings.Contains(info, want) {
				missing++
			}
		}
		if missing == 0 {
			return
		}
	}
	s.t.Fatalf("redis-server on port %d does not join its cluster: %s", s.port, info)
}
