package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	sampleEvery = 20 * time.Millisecond
	samplesMax  = 500 // 10 s
)

// machine is the control beside every time that a world measures: for how long threads
// were ready to run and had no processor, and for how long the machine itself was
// stopped by what it runs on. That much of a delay is the machine's, and not a loop's.
type machine struct {
	pids []int // the server first
	mu   struct {
		sync.Mutex
		samples []sample // in order of time
	}
}

// sample is what had been waited until a moment.
type sample struct {
	at     time.Time
	waited []map[string]int64 // ns, by thread, of each process
	stolen time.Duration
}

// control samples these processes until the test ends.
func control(t testing.TB, pids ...int) *machine {
	m := &machine{pids: pids}
	m.take()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		every(sampleEvery, stop, func() { m.take() })
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
	})
	return m
}

// every calls do at intervals until stop is closed.
func every(d time.Duration, stop <-chan struct{}, do func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			do()
		case <-stop:
			return
		}
	}
}

func (m *machine) take() sample {
	now := sample{at: time.Now(), stolen: stolen()}
	for _, pid := range m.pids {
		now.waited = append(now.waited, waited(pid))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.samples = append(m.mu.samples, now)
	if len(m.mu.samples) > 2*samplesMax {
		m.mu.samples = append([]sample(nil), m.mu.samples[samplesMax:]...)
	}
	return now
}

// late is for how long the machine was since a moment: of the server's threads that
// which waited longest, and, where other processes are part of the way, theirs too.
func (m *machine) late(since time.Time, processes int) (sum time.Duration) {
	now := m.take()
	m.mu.Lock()
	before := m.mu.samples[0]
	for _, s := range m.mu.samples {
		if s.at.After(since) {
			break
		}
		before = s
	}
	m.mu.Unlock()
	for i := range min(processes, len(m.pids)) {
		longest := int64(0)
		for thread, waited := range now.waited[i] {
			longest = max(longest, waited-before.waited[i][thread])
		}
		sum += time.Duration(longest)
	}
	return sum + now.stolen - before.stolen
}

// Whose lateness counts: the server's alone, or that of everything between it and its
// answers from Redis.
const (
	serverAlone = 1
	wholeWay    = 99
)

// waited reads for how long each thread of a process has waited for a processor, in ns
// (Documentation/scheduler/sched-stats.rst of Linux, /proc/<pid>/schedstat).
func waited(pid int) map[string]int64 {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	all := make(map[string]int64, len(threads))
	for _, path := range threads {
		stat, _ := os.ReadFile(path) // a thread may be gone
		var ran, waited int64
		if _, err := fmt.Sscan(string(stat), &ran, &waited); err == nil {
			all[path] = waited
		}
	}
	return all
}

// stolen reads for how long processors of the machine were taken from it, to 10 ms (the
// eighth number of the first line of /proc/stat, in 1/100 s).
func stolen() time.Duration {
	stat, _ := os.ReadFile("/proc/stat")
	var name string
	var n [8]int64
	if _, err := fmt.Sscan(string(stat), &name, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]); err != nil {
		return 0
	}
	return time.Duration(n[7]) * 10 * time.Millisecond
}
