package target

import (
	"context"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var readyPort = regexp.MustCompile(`^ready port=(\d+)`)

func start(t *testing.T, script string) (*Process, []string, error) {
	t.Helper()
	return StartProcess(t.Context(), "script", "/bin/sh", []string{"-c", script}, readyPort)
}

func TestReadyLineIsParsedAndExitCodeKept(t *testing.T) {
	p, m, err := start(t, `trap 'echo bye; exit 7' TERM; echo hello; echo ready port=42; while :; do sleep 0.05; done`)
	if err != nil {
		t.Fatal(err)
	}
	if m[1] != "42" {
		t.Errorf("port is %q, want 42", m[1])
	}
	if exit := p.Stop(10 * time.Second); exit.Code != 7 {
		t.Errorf("exit code %d, want 7", exit.Code)
	}
	if !strings.HasSuffix(p.Output(), "bye") {
		t.Errorf("output is %q", p.Output())
	}
}

func TestProcessThatIgnoresTermIsKilled(t *testing.T) {
	p, _, err := start(t, `trap '' TERM; echo ready port=1; while :; do sleep 0.05; done`)
	if err != nil {
		t.Fatal(err)
	}
	if exit := p.Stop(50 * time.Millisecond); exit.Code != -1 {
		t.Errorf("exit code %d, want -1 for a signal", exit.Code)
	}
	if err := unix.Kill(p.Pid, 0); err != unix.ESRCH {
		t.Errorf("process %d is still there: %v", p.Pid, err)
	}
}

func TestProcessThatExitsBeforeReadyTellsItsWords(t *testing.T) {
	_, _, err := start(t, `echo no such flag >&2; exit 3`)
	if err == nil || !strings.Contains(err.Error(), "no such flag") || !strings.Contains(err.Error(), "code 3") {
		t.Errorf("error does not say why: %v", err)
	}
}

func TestCancelEndsTheWaitForReady(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, _, err := StartProcess(ctx, "mute", "/bin/sleep", []string{"60"}, readyPort); err == nil {
		t.Error("a mute process became ready")
	}
}

func TestExtraFlagsComeLast(t *testing.T) {
	args := EdgeConfig{PingInterval: 5 * time.Second, DrainTimeout: time.Second, Args: []string{"--flood-limit=9"}}.args()
	if args[len(args)-1] != "--flood-limit=9" {
		t.Errorf("extra flags do not win: %q", args)
	}
	if all := strings.Join(args, " "); !strings.Contains(all, "--ping-interval=5s") || !strings.Contains(all, "--drain-timeout=1s") {
		t.Errorf("flags missing: %s", all)
	}
}

func TestWhatAServerHasStartedIsKnownAndEndsWithIt(t *testing.T) {
	p, _, err := start(t, `sleep 60 & echo ready port=1; wait`)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	pids, err := p.Pids()
	if err != nil || len(pids) != 2 || pids[0] != p.Pid {
		t.Fatalf("want the shell %d and its sleep: %v, %v", p.Pid, pids, err)
	}
	p.Stop(50 * time.Millisecond) // the sleep knows nothing of it
	// The kill is sent before Stop returns; init may take a moment to bury the child.
	state := func() string {
		stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pids[1]) + "/stat")
		return string(stat)
	}
	for end := time.Now().Add(10 * time.Second); state() != "" && !strings.Contains(state(), ") Z "); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the sleep is still there: %s", state())
		}
	}
}

func TestListenerIsReadyWhenItAccepts(t *testing.T) {
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + strconv.Itoa(port)
	if _, err := StartListener(t.Context(), "deaf", "/bin/sh", []string{"-c", "echo no such port; exit 4"}, addr); err == nil || !strings.Contains(err.Error(), "no such port") {
		t.Errorf("error does not say why: %v", err)
	}
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p, err := StartListener(t.Context(), "sleep", "/bin/sleep", []string{"60"}, addr)
	if err != nil {
		t.Fatal(err)
	}
	if exit := p.Stop(10 * time.Second); exit.Code != -1 {
		t.Errorf("exit %+v", exit)
	}
}
