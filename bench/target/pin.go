package target

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Pin has a process run on one core: all threads that it has, and those that these will
// start.
func Pin(pid, core int) error {
	tasks, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "task"))
	if err != nil {
		return fmt.Errorf("cannot pin process %d: %w", pid, err)
	}
	var set unix.CPUSet
	set.Set(core)
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return fmt.Errorf("cannot pin process %d: thread %q", pid, t.Name())
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH { // it has ended
			return fmt.Errorf("cannot pin process %d: %w", pid, os.NewSyscallError("sched_setaffinity", err))
		}
	}
	return nil
}
