package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// progress tells what a run does: on a terminal one line that is written again, with a
// bar and the time left; elsewhere a line for each thing. Its methods may be called from
// any goroutine. Whoever starts it calls stop.
type progress struct {
	out      io.Writer
	terminal bool
	ended    chan struct{}
	done     sync.WaitGroup
	once     sync.Once

	mu struct {
		sync.Mutex
		began time.Time
		end   time.Time // zero: not known
		what  string
	}
}

// startProgress writes to out; a terminal's line is renewed every half second.
func startProgress(out io.Writer, terminal bool) *progress {
	p := &progress{out: out, terminal: terminal, ended: make(chan struct{})}
	p.mu.began = time.Now()
	if terminal {
		p.done.Go(p.renew)
	}
	return p
}

func (p *progress) renew() {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.mu.Lock()
			p.write()
			p.mu.Unlock()
		case <-p.ended:
			return
		}
	}
}

// say tells what happens from now on.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.what = strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")
	if !p.terminal {
		fmt.Fprintln(p.out, p.mu.what)
		return
	}
	p.write()
}

// left tells how long the run will take from now on.
func (p *progress) left(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.end = time.Now().Add(d)
}

// stop clears the terminal's line and returns when nothing will be written any more. It
// may be called again.
func (p *progress) stop() {
	p.once.Do(func() {
		close(p.ended)
		p.done.Wait()
		if p.terminal && p.mu.what != "" {
			fmt.Fprint(p.out, clearLine)
		}
	})
}

// above is a writer whose lines stand above the terminal's line, which is renewed below.
func (p *progress) above(out io.Writer) io.Writer { return lines{p, out} }

type lines struct {
	p   *progress
	out io.Writer
}

func (l lines) Write(text []byte) (int, error) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	if l.p.terminal && l.p.mu.what != "" {
		fmt.Fprint(l.p.out, clearLine)
	}
	return l.out.Write(text)
}

// clearLine goes to the start of the line and removes what stands there.
const clearLine = "\r\x1b[K"

// write renews the line. It is called with mu held.
func (p *progress) write() {
	if p.mu.what != "" {
		fmt.Fprint(p.out, clearLine+p.line(time.Now(), terminalWidth(p.out)))
	}
}

const barWidth = 20

// line is what stands on the terminal at now, at most width-1 characters: a full line
// would wrap.
func (p *progress) line(now time.Time, width int) string {
	text := p.mu.what
	if !p.mu.end.IsZero() {
		left := max(0, p.mu.end.Sub(now))
		share := 1.0
		if passed := now.Sub(p.mu.began); passed+left > 0 {
			share = float64(passed) / float64(passed+left)
		}
		full := int(share * barWidth)
		seconds := int(left.Round(time.Second).Seconds())
		text = fmt.Sprintf("[%s%s] %3.0f %%  %d:%02d left  %s", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), share*100, seconds/60, seconds%60, text)
	}
	for utf8.RuneCountInString(text) >= width {
		_, last := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-last]
	}
	return text
}

// terminalWidth is 80 where it cannot be known.
func terminalWidth(out io.Writer) int {
	if f, ok := out.(interface{ Fd() uintptr }); ok {
		if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 1 {
			return int(size.Col)
		}
	}
	return 80
}
