package redistest_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"uproar/core/store/redistest"
)

func TestServerComesBackOnItsPort(t *testing.T) {
	s := redistest.Start(t)
	if got := s.Do("SET", "k", "v"); got != "+OK" {
		t.Fatalf("SET answered %q", got)
	}
	pid := s.PID()
	s.Kill()
	if conn, err := net.DialTimeout("tcp", s.Addr, time.Second); err == nil {
		conn.Close()
		t.Fatal("a killed server accepts")
	}
	s.Restart()
	if got := s.Do("EXISTS", "k"); got != ":0" {
		t.Errorf("after the restart EXISTS answered %q, want an empty server", got)
	}
	if s.PID() == pid {
		t.Errorf("pid %d is that of the killed process", pid)
	}
}

func TestClusterSharesSlots(t *testing.T) {
	nodes := redistest.StartCluster(t, 3)
	owners := 0
	for _, node := range nodes {
		answer := node.Do("SET", "k", "v")
		if answer == "+OK" {
			owners++
		} else if !strings.HasPrefix(answer, "-MOVED") {
			t.Errorf("%s answered %q", node.Addr, answer)
		}
	}
	if owners != 1 {
		t.Errorf("%d nodes hold one key", owners)
	}
}
