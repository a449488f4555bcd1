package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"uproar/bench/target"
)

// markedProcesses returns the processes that have mark in their environment, by name.
func markedProcesses(t *testing.T, mark string) map[string]int {
	t.Helper()
	found := map[string]int{}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		environment, err := os.ReadFile(dir + "/environ") // a process may be gone
		if err != nil || !bytes.Contains(environment, []byte(mark)) {
			continue
		}
		name, err := os.ReadFile(dir + "/comm")
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSpace(string(name))] = pid
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

func TestStoppedRunLeavesNoProcessBehind(t *testing.T) {
	dir := t.TempDir()
	edge, err := target.BuildEdge(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	bench := filepath.Join(dir, "bench")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bench, ".").CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 130, syscall.SIGKILL: -1} {
		t.Run(unix.SignalName(signal), func(t *testing.T) {
			mark := "BENCH_STOP_TEST=" + strconv.Itoa(os.Getpid()) + unix.SignalName(signal)
			temporary := t.TempDir()
			c := exec.CommandContext(t.Context(), bench, "run", "fanout", "--server", edge, "--target=uproar", "--row=200x50", "--duration=5m",
				"--json", filepath.Join(temporary, "results.jsonl"))
			c.Env = append(os.Environ(), mark, "TMPDIR="+temporary)
			c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
			var said bytes.Buffer
			c.Stdout, c.Stderr = &said, &said
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			if !eventually(30*time.Second, func() bool { return openFiles(markedProcesses(t, mark)["uproar"]) > 200 }) {
				t.Error("the server has no members")
			}
			// As a terminal does: to the whole process group.
			if err := unix.Kill(-c.Process.Pid, signal); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != code {
				t.Errorf("ended with %v, want code %d; it said:\n%s", err, code, said.String())
			}
			var left map[string]int
			none := func() bool { left = markedProcesses(t, mark); return len(left) == 0 }
			if signal != syscall.SIGKILL && !none() || !eventually(5*time.Second, none) {
				t.Errorf("processes are left: %v", left)
			}
			if signal == syscall.SIGKILL {
				return // nobody was left to tidy up
			}
			if !strings.Contains(said.String(), "bench: stopped") {
				t.Errorf("it said:\n%s", said.String())
			}
			if files, _ := os.ReadDir(temporary); len(files) != 0 {
				t.Errorf("files are left: %v", files)
			}
		})
	}
}
