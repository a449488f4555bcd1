package meter

import (
	"math"
	"os"
	"testing"
	"time"
)

func TestQuantileIsWithinThreeDigits(t *testing.T) {
	l := NewLatency()
	for i := 1; i <= 1000; i++ {
		l.Record(time.Duration(i) * time.Millisecond)
	}
	l.Record(-time.Second)
	l.Record(time.Hour)
	if got := l.Quantile(0.5); got < 499*time.Millisecond || got > 502*time.Millisecond {
		t.Errorf("p50 is %v, want about 500 ms", got)
	}
	if got := l.Quantile(1); got < latencyMax {
		t.Errorf("an hour counted as %v, want %v", got, latencyMax)
	}
	if l.Count() != 1002 {
		t.Errorf("count is %d, want 1002", l.Count())
	}
}

func TestLatencySurvivesHandover(t *testing.T) {
	l := NewLatency()
	l.Record(7 * time.Millisecond)
	b, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeLatency(b)
	if err != nil {
		t.Fatal(err)
	}
	if got.Count() != 1 || got.Quantile(0.5) != l.Quantile(0.5) {
		t.Errorf("got %d values, p50 %v; want 1, %v", got.Count(), got.Quantile(0.5), l.Quantile(0.5))
	}
}

func TestCPUOfThisProcessGrowsWithWork(t *testing.T) {
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	x := 1.0
	for start := time.Now(); time.Since(start) < 30*time.Millisecond; {
		x = math.Sqrt(x + 1)
	}
	after, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after <= before {
		t.Errorf("CPU went from %v to %v during work", before, after)
	}
}

func TestMemoryOfThisProcess(t *testing.T) {
	m, err := ReadMemory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if m.RSS < 1<<20 || m.PSS > m.RSS || m.Private > m.RSS {
		t.Errorf("implausible memory %+v", m)
	}
}

func TestParseMemoryAddsPrivatePages(t *testing.T) {
	m, err := parseMemory([]byte("00400000-7ff [rollup]\nRss:   100 kB\nPss:  60 kB\nPss_Anon: 5 kB\nPrivate_Clean:  10 kB\nPrivate_Dirty: 20 kB\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Memory{RSS: 100 << 10, PSS: 60 << 10, Private: 30 << 10}); m != want {
		t.Errorf("got %+v, want %+v", m, want)
	}
	if _, err := parseMemory([]byte("nothing")); err == nil {
		t.Error("a file without Rss was accepted")
	}
}

func TestSlopeOfALine(t *testing.T) {
	if got := Slope([]float64{2000, 6000, 10000}, []float64{5e6 + 2000*900, 5e6 + 6000*900, 5e6 + 10000*900}); math.Abs(got-900) > 1e-6 {
		t.Errorf("slope is %v, want 900", got)
	}
	if got := Slope([]float64{5}, []float64{5}); got != 0 {
		t.Errorf("slope of one point is %v, want 0", got)
	}
}

func TestEnvironmentNamesTheMachine(t *testing.T) {
	e := ReadEnvironment()
	if e.Kernel == "" || e.Cores == 0 || e.Go == "" || e.MemoryMB == 0 {
		t.Errorf("incomplete environment %+v", e)
	}
	if got := cpuModel("processor : 0\nmodel name\t: Fast 9000\n"); got != "Fast 9000" {
		t.Errorf("CPU model is %q", got)
	}
}

func TestMachineHasMemoryAndSockets(t *testing.T) {
	m, err := ReadMachine()
	if err != nil {
		t.Fatal(err)
	}
	if m.Available < 1<<20 || m.Slab < 1<<20 || m.Sockets < 0 || m.Buffers < 0 {
		t.Errorf("implausible machine %+v", m)
	}
	if n := after("TCP: inuse 27 orphan 0 tw 12 alloc 30 mem 5\n", "mem"); n != 5 {
		t.Errorf("mem is %d, want 5", n)
	}
	if most, err := TCPBuffersMax(); err != nil || most < 1<<20 {
		t.Errorf("TCP may hold %d bytes, %v", most, err)
	}
	if most, err := FilesMax(); err != nil || most < 100 {
		t.Errorf("%d files may be open, %v", most, err)
	}
}
