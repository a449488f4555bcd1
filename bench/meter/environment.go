package meter

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Environment says where and with what a result was measured. A result without
// it cannot be compared with another.
type Environment struct {
	Time     time.Time `json:"time"`
	Kernel   string    `json:"kernel"`
	CPU      string    `json:"cpu"`
	Cores    int       `json:"cores"`
	MemoryMB int64     `json:"memory_mb"`
	Go       string    `json:"go"`
	Commit   string    `json:"commit"` // short hash, "+" when the tree had changes, "" outside git
}

// ReadEnvironment fills an Environment; what cannot be found stays empty.
func ReadEnvironment() Environment {
	e := Environment{Time: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), Go: runtime.Version(), Commit: commit()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		e.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		e.MemoryMB = int64(info.Totalram) * int64(info.Unit) >> 20
	}
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		e.CPU = cpuModel(string(data))
	}
	return e
}

func cpuModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func commit() string {
	hash, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return ""
	}
	changed, _ := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output()
	suffix := ""
	if len(changed) > 0 {
		suffix = "+"
	}
	return strings.TrimSpace(string(hash)) + suffix
}
