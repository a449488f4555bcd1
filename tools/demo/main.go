// Command demo shows Uproar at work on this machine: it builds and starts the server, has
// ffmpeg push a test stream to it, and prints the address to open. It keeps nothing: data
// is in a temporary folder, and Ctrl-C ends every process that it started.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

const usage = `Usage: go run ./tools/demo [FLAGS]

Starts the server, pushes a test stream of two renditions to it, and prints the address
of a page to watch it on, with chat beside it. Everything stays on 127.0.0.1. Ctrl-C ends
it all; nothing is kept. Needs ffmpeg (Debian: apt-get install ffmpeg).

`

const (
	exitFailed = 1
	exitUsage  = 2

	liveWithin = 30 * time.Second // from the first push until the stream can be watched
)

// options are the flags.
type options struct {
	channel string
	tiers   bool
	low     bool
	push    bool
	ports   bool
}

var channelName = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,24}$`)

func main() {
	// The kernel ends the children with the thread that started them, so this goroutine,
	// which does, keeps its own until the end.
	runtime.LockOSThread()
	opts, code := parse(os.Args[1:], os.Stderr)
	if opts == nil {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(exitFailed)
	}
}

// parse reads the flags; without options the process ends with code.
func parse(args []string, out io.Writer) (*options, int) {
	opts := &options{}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&opts.channel, "channel", "demo", "`name` of the channel")
	flags.BoolVar(&opts.tiers, "tiers", false, "three processes: an origin, tier 1 and a point of presence, as a fleet has them")
	flags.BoolVar(&opts.low, "low-latency", false, "push fragments, which the origin cuts into parts of 0.4 s: the picture is about 1.5 s old")
	flags.BoolVar(&opts.push, "push", true, "push the test stream; with -push=false it says how to push your own")
	flags.BoolVar(&opts.ports, "free-ports", false, "take free ports, even when the usual ones are free")
	flags.Usage = func() {
		fmt.Fprint(out, usage)
		flags.PrintDefaults()
	}
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, 0
	case err != nil:
		return nil, exitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(out, "unknown argument %q; try --help\n", flags.Arg(0))
		return nil, exitUsage
	case !channelName.MatchString(opts.channel):
		fmt.Fprintf(out, "--channel: %q is no name of a channel: 1 to 25 of a-z, 0-9 and _, not first\n", opts.channel)
		return nil, exitUsage
	}
	return opts, 0
}

func run(ctx context.Context, opts *options) error {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil && opts.push {
		return errors.New("ffmpeg is missing. Debian and Ubuntu: apt-get install ffmpeg; Fedora: dnf install ffmpeg-free; " +
			"Arch: pacman -S ffmpeg. Without it: --push=false, and push your own stream")
	}
	folder, err := os.MkdirTemp("", "uproar-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	fmt.Println("building the server …")
	binary := filepath.Join(folder, "uproar")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "uproar/edge")
	if out, err := build.CombinedOutput(); err != nil {
		return ended(ctx, fmt.Errorf("cannot build the server: %w\n%s", err, out))
	}
	c := &cast{ended: make(chan *player, 8)}
	defer c.stop()
	s, err := startServers(ctx, c, binary, folder, opts)
	if err != nil {
		return ended(ctx, err)
	}
	if opts.push {
		if err := c.start("ffmpeg", ffmpeg, opts.stream(s.pushTo)...); err != nil {
			return err
		}
		fmt.Println("pushing a test stream …")
		if err := s.waitLive(ctx, c); err != nil {
			return ended(ctx, err)
		}
	}
	s.tell(opts)
	select {
	case <-ctx.Done():
		return nil
	case p := <-c.ended:
		return p.failure()
	}
}

// ended is err, unless the person ended the demo.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// tell says what there is now.
func (s *servers) tell(opts *options) {
	fmt.Printf("\n  watch     http://%s/%s\n", s.http, opts.channel)
	fmt.Printf("  playlist  http://%s/hls/%s/index.m3u8   (ffplay, mpv, vlc)\n", s.http, opts.channel)
	fmt.Printf("  chat      http://%s/?room=%s, or IRC at %s\n", s.http, opts.channel, s.irc)
	fmt.Printf("  metrics   http://%s/metrics\n", s.admin)
	for _, line := range s.others {
		fmt.Println("  " + line)
	}
	if !opts.push {
		fmt.Printf("\nPush a stream, for example the test stream:\n\n  ffmpeg %s\n", quoted(opts.stream(s.pushTo)))
	}
	fmt.Println("\nCtrl-C ends it.")
}

// waitLive returns once the stream can be watched.
func (s *servers) waitLive(ctx context.Context, c *cast) error {
	ctx, cancel := context.WithTimeout(ctx, liveWithin)
	defer cancel()
	for {
		live, err := answers(ctx, "http://"+s.http+s.playlist)
		if live {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the stream was not live within %v: %w\n%s", liveWithin, err, c.said())
		case p := <-c.ended:
			return p.failure()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// answers reports whether url is there now, and why not.
func answers(ctx context.Context, url string) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("%s answers %s", url, response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil, err
}
