package peertest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"uproar/bench/target"
)

// orphanFolder names the folder, in the environment of a test that shall be killed.
const orphanFolder = "UPROAR_ORPHAN_FOLDER"

// EndsWithItsHarness runs the calling test once more as a process that starts p, and kills
// it: all processes of p shall end.
func EndsWithItsHarness(t *testing.T, p target.Peer) {
	NeedInstalled(t, p)
	if dir := os.Getenv(orphanFolder); dir != "" {
		startAndWait(t, p, dir)
		return
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=1m")
	c.Env = append(os.Environ(), orphanFolder+"="+t.TempDir())
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	c.Process.Kill()
	c.Wait()
	pids := strings.Fields(line)
	if err != nil || len(pids) == 0 {
		t.Fatalf("no processes: %q, %v", line, err)
	}
	for _, pid := range pids {
		end := time.Now().Add(10 * time.Second)
		for lives(pid) && time.Now().Before(end) {
			time.Sleep(time.Millisecond)
		}
		if lives(pid) {
			t.Errorf("process %s of %s lives on", pid, p.Name)
			n, _ := strconv.Atoi(pid)
			unix.Kill(n, unix.SIGKILL)
		}
	}
}

// startAndWait is the process that is killed.
func startAndWait(t *testing.T, p target.Peer, dir string) {
	server, err := p.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	pids, err := server.Pids()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(strings.Trim(fmt.Sprint(pids), "[]"))
	time.Sleep(time.Minute)
	server.Kill()
}

// lives says whether a process does anything: one that has ended may wait for its burial.
func lives(pid string) bool {
	n, err := strconv.Atoi(pid)
	if err != nil || errors.Is(unix.Kill(n, 0), unix.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
