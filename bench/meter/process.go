package meter

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the user plus system time that process pid has used so far, all
// threads together, in nanoseconds' resolution (the process's CPU clock, see
// clock_getcpuclockid(3)). On loopback it includes the kernel's receive path.
func CPU(pid int) (time.Duration, error) {
	const schedClock = 2 // CPUCLOCK_SCHED: what the scheduler measured
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedClock), &ts); err != nil {
		return 0, fmt.Errorf("cannot read the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// Memory is what a process holds, in bytes.
type Memory struct {
	RSS     int64 `json:"rss"`     // resident
	PSS     int64 `json:"pss"`     // resident, shared pages divided among their users
	Private int64 `json:"private"` // resident and its alone
}

// ReadMemory reads /proc/PID/smaps_rollup.
func ReadMemory(pid int) (Memory, error) {
	path := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
	data, err := os.ReadFile(path)
	if err != nil {
		return Memory{}, fmt.Errorf("cannot read memory of process %d: %w", pid, err)
	}
	return parseMemory(data)
}

// parseMemory adds up lines such as "Rss:      1234 kB".
func parseMemory(data []byte) (Memory, error) {
	var m Memory
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		var field *int64
		switch name {
		case "Rss":
			field = &m.RSS
		case "Pss":
			field = &m.PSS
		case "Private_Clean", "Private_Dirty":
			field = &m.Private
		default:
			continue
		}
		kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
		if err != nil {
			return Memory{}, fmt.Errorf("cannot parse memory line %q: %w", lines.Text(), err)
		}
		*field += kb << 10
	}
	if m.RSS == 0 {
		return Memory{}, fmt.Errorf("cannot find Rss in %d bytes of smaps_rollup", len(data))
	}
	return m, nil
}
