package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"uproar/bench/peers/nchan"
	"uproar/bench/target"
)

// process is one of those that a run has started, and the run itself.
type process struct {
	pid  int
	name string
}

// descendants returns the processes of session, which a run leads. Not all can be known by
// their environment: nginx writes its workers' titles over it.
func descendants(t *testing.T, session int) []process {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var found []process
	for _, path := range stats {
		stat, err := os.ReadFile(path) // a process may be gone
		if err != nil {
			continue
		}
		// PID (NAME) STATE PARENT GROUP SESSION ...
		name, rest, _ := strings.Cut(string(stat[bytes.IndexByte(stat, '(')+1:]), ") ")
		if fields := strings.Fields(rest); len(fields) < 4 || fields[0] == "Z" || fields[3] != strconv.Itoa(session) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, process{pid, name})
	}
	return found
}

// openFiles is how many files process pid has open.
func openFiles(pid int) int {
	files, _ := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd") // it may be gone
	return len(files)
}

// eventually polls until ok, for at most limit.
func eventually(limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// serving says whether the servers among the processes have more than n files open.
func serving(all []process, n int) bool {
	open := 0
	for _, p := range all {
		if p.name != "bench" {
			open += openFiles(p.pid)
		}
	}
	return open > n
}

func TestStoppedRunLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	edge, err := target.BuildEdge(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	bench := filepath.Join(dir, "bench")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bench, ".").CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	fanout := []string{"run", "fanout", "--server", edge, "--target=uproar", "--row=200x50", "--duration=5m"}
	fleet := []string{"run", "pokemon", "--server", edge, "--members=400", "--edges=2", "--publishers=20"}
	peer := []string{"peers", "fanout", "--target=goroutine", "--row=200x50", "--duration=5m"}
	workers := []string{"peers", "fanout", "--target=nchan", "--row=200x50", "--duration=5m"}
	for _, c := range []struct {
		name   string
		args   []string
		signal syscall.Signal
	}{
		{"SIGINT", fanout, syscall.SIGINT},
		{"SIGTERM", fanout, syscall.SIGTERM},
		{"SIGKILL", fanout, syscall.SIGKILL},
		{"SIGINT of a fleet", fleet, syscall.SIGINT},
		{"SIGKILL of a fleet", fleet, syscall.SIGKILL},
		{"SIGINT of a peer", peer, syscall.SIGINT},
		{"SIGKILL of a peer", peer, syscall.SIGKILL},
		{"SIGINT of a peer with workers", workers, syscall.SIGINT},
		{"SIGKILL of a peer with workers", workers, syscall.SIGKILL},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := nchan.Peer.Version(t.Context()); err != nil && slices.Contains(c.args, "--target=nchan") {
				t.Skipf("nchan is not installed; to have it: %s", nchan.Peer.Install)
			}
			stopRun(t, exec.Command(bench, c.args...), c.signal)
		})
	}
}

// stopRun starts a command, sends it a signal when a server has members, and looks for
// what is left.
func stopRun(t *testing.T, c *exec.Cmd, signal syscall.Signal) {
	temporary := t.TempDir()
	c.Env = append(os.Environ(), "TMPDIR="+temporary)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	c.WaitDelay = 30 * time.Second // who is left may hold the pipes
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if !eventually(30*time.Second, func() bool { return serving(descendants(t, c.Process.Pid), 200) }) {
		t.Error("no server has members")
	}
	// As a terminal does: to the whole process group.
	if err := unix.Kill(-c.Process.Pid, signal); err != nil {
		t.Fatal(err)
	}
	code := 130
	if signal == syscall.SIGKILL {
		code = -1
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != code {
		t.Errorf("ended with %v, want code %d; it said:\n%s", err, code, said.String())
	}
	var left []process
	none := func() bool { left = descendants(t, c.Process.Pid); return len(left) == 0 }
	if signal == syscall.SIGKILL { // the kernel ends the others, and nobody tidies up
		if !eventually(5*time.Second, none) {
			t.Errorf("processes are left: %v", left)
		}
		return
	}
	if !none() {
		t.Errorf("processes are left: %v", left)
	}
	if !strings.Contains(said.String(), "bench: stopped") {
		t.Errorf("it said:\n%s", said.String())
	}
	if files, _ := os.ReadDir(temporary); len(files) != 0 {
		t.Errorf("files are left: %v", files)
	}
}
