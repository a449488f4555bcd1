package meter

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Machine is what the whole machine holds, in bytes where nothing else is said.
type Machine struct {
	Available int64 `json:"available"`   // MemAvailable: what could be given to processes
	Slab      int64 `json:"slab"`        // of the kernel's objects: sockets, files, directory entries
	Sockets   int64 `json:"tcp_sockets"` // count
	Buffers   int64 `json:"tcp_buffers"` // in TCP's send and receive queues
}

// ReadMachine reads /proc/meminfo and /proc/net/sockstat.
func ReadMachine() (Machine, error) {
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return Machine{}, fmt.Errorf("cannot read the machine's memory: %w", err)
	}
	sockets, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return Machine{}, fmt.Errorf("cannot read the machine's sockets: %w", err)
	}
	m := Machine{
		Available: after(string(memory), "MemAvailable:") << 10,
		Slab:      after(string(memory), "Slab:") << 10,
	}
	for line := range strings.Lines(string(sockets)) {
		if strings.HasPrefix(line, "TCP:") {
			m.Sockets, m.Buffers = after(line, "inuse"), after(line, "mem")*int64(os.Getpagesize())
		}
	}
	if m.Available == 0 {
		return m, fmt.Errorf("cannot find MemAvailable in %d bytes of meminfo", len(memory))
	}
	return m, nil
}

// after is the number that stands behind name; 0 when there is none.
func after(text, name string) int64 {
	_, rest, _ := strings.Cut(text, name)
	word := strings.Fields(rest + " -")[0]
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// TCPBuffersMax is how many bytes may wait in all TCP queues of the machine together:
// the third value of net.ipv4.tcp_mem. Beyond it the kernel drops what arrives.
func TCPBuffersMax() (int64, error) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/tcp_mem")
	if err != nil {
		return 0, fmt.Errorf("cannot read the limit of TCP's memory: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) != 3 {
		return 0, fmt.Errorf("cannot read the limit of TCP's memory: %q", text)
	}
	pages, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cannot read the limit of TCP's memory: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}

// FilesMax is how many files all processes of the machine may have open: fs.file-max.
func FilesMax() (int64, error) {
	text, err := os.ReadFile("/proc/sys/fs/file-max")
	if err != nil {
		return 0, fmt.Errorf("cannot read the limit of open files: %w", err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil { // 2^63 and more is no limit
		n = 1<<63 - 1
	}
	return n, nil
}
