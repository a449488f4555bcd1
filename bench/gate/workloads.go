package gate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"uproar/bench/load"
)

// workload is fixed work for one program. Where things lie in memory differs from one
// process to the next, and so does their speed, so each round opens it anew.
type workload interface {
	series() []series
	slices() int // how many parts the work has
	// build makes the program of one side and returns its path.
	build(ctx context.Context, b *build) (string, error)
	// open prepares one round of one side. Whoever opens a session closes it.
	open(ctx context.Context, program string) (session, error)
	// profile does the work with a CPU profile that it writes to path.
	profile(ctx context.Context, program, path string) error
}

// session is one round of one side. Its slices are done in turns with the slices of the
// other sides: what else the machine does then meets all of them.
type session interface {
	// slice does one part of the work, a tenth of a second or a few, and returns a figure
	// for each of the series.
	slice(ctx context.Context) ([]float64, error)
	close()
}

func workloads() []workload {
	return []workload{
		room{parts: roomParts, watched: 5 * time.Second},
		loop{series{"clue", "ms of CPU for 50,000 lines decided", 0.05, 0.12}, "./core/clue", "^BenchmarkClueCore$/^hot_room$", 10_000},
		loop{series{"decode", "ms of CPU for 4,000 x 64 lines decoded", 0.05, 0.08}, "./core/exchange", "^BenchmarkInbox64Lines$", 4_000},
	}
}

// room is the built server: members join it over WebSocket, and lines go to all of them.
// Its figures are the server's processor time, the kernel's included.
type room struct {
	parts   int           // slices of a round
	watched time.Duration // how long a profile takes
}

const (
	roomFirst = 300 // members before the first slice
	roomStep  = 20  // that join in each slice
	roomLines = 4   // in each slice, to all: some 20 ms of work, for what else the machine does changes by then
	roomParts = 18
	roomMost  = roomFirst + roomParts*roomStep // members in the end
)

func (room) series() []series {
	return []series{
		{"fanout", "µs of server CPU per line and member", 0.03, 0.05},
		{"join", "µs of server CPU per member that joins", 0.08, 0.15},
	}
}

func (w room) slices() int { return w.parts }

func (room) build(ctx context.Context, b *build) (string, error) { return b.server(ctx) }

func (room) open(ctx context.Context, program string) (session, error) {
	h, err := openHall(ctx, program)
	if err != nil {
		return nil, err
	}
	s := &roomSession{hall: h, members: roomFirst}
	if _, err = s.grow(ctx, s.members); err == nil {
		s.speaker, err = h.publisher(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

type roomSession struct {
	*hall
	speaker *load.Publisher
	members int
}

func (s *roomSession) close() {
	s.hall.close()
	if s.speaker != nil {
		s.speaker.Close()
	}
}

func (s *roomSession) slice(ctx context.Context) ([]float64, error) {
	s.members += roomStep
	joining, err := s.grow(ctx, s.members)
	if err != nil {
		return nil, err
	}
	saying, err := s.say(ctx, s.speaker, s.members, roomLines)
	if err != nil {
		return nil, err
	}
	return []float64{micros(saying) / float64(s.members*roomLines), micros(joining) / roomStep}, nil
}

func (w room) profile(ctx context.Context, program, path string) error {
	h, err := openHall(ctx, program)
	if err != nil {
		return err
	}
	defer h.close()
	if _, err := h.grow(ctx, roomMost); err != nil {
		return err
	}
	p, err := h.publisher(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	talking, hush := context.WithCancel(ctx)
	defer hush()
	said := make(chan error, 1)
	go func() {
		for talking.Err() == nil {
			if _, err := h.say(ctx, p, roomMost, roomLines); err != nil {
				said <- err
				return
			}
		}
		said <- nil
	}()
	data, err := h.get(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%.0f", w.watched.Seconds()))
	hush()
	if ended := <-said; err == nil {
		err = ended
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("cannot keep a profile: %w", err)
	}
	return nil
}

// loop is a benchmark of the module's own, on one processor; a slice of it is a process.
// Its figure is the process's time: what a benchmark prepares is of the same kind of work.
type loop struct {
	s          series
	pack       string
	bench      string
	operations int // of a slice
}

func (l loop) series() []series { return []series{l.s} }
func (l loop) slices() int      { return 2 }

func (l loop) build(ctx context.Context, b *build) (string, error) { return b.tests(ctx, l.pack) }

func (l loop) open(_ context.Context, program string) (session, error) {
	return &loopSession{l, program}, nil
}

type loopSession struct {
	loop
	program string
}

func (s *loopSession) slice(ctx context.Context) ([]float64, error) {
	took, err := s.exec(ctx, s.program)
	return []float64{micros(took) / 1e3}, err
}

func (s *loopSession) close() {}

func (l loop) profile(ctx context.Context, program, path string) error {
	_, err := l.exec(ctx, program, "-test.cpuprofile", path, "-test.count", "10")
	return err
}

func (l loop) exec(ctx context.Context, program string, args ...string) (time.Duration, error) {
	run := exec.CommandContext(ctx, program, append([]string{"-test.run", "^$", "-test.bench", l.bench,
		"-test.benchtime", strconv.Itoa(l.operations) + "x", "-test.cpu", "1"}, args...)...)
	run.Dir = os.TempDir()
	run.Env = append(os.Environ(), "GOMAXPROCS=1")
	out, err := run.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("cannot run %s of %q: %w\n%s", l.bench, l.pack, err, out)
	}
	if !bytes.Contains(out, []byte("ns/op")) {
		return 0, fmt.Errorf("cannot find benchmark %s in %q", l.bench, l.pack)
	}
	return run.ProcessState.UserTime() + run.ProcessState.SystemTime(), nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
