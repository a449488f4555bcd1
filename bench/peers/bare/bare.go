// Package bare is the floor that every fan-out server stands on: a C loop that
// does nothing but one send(2) per member and line, or per member and batch. What
// a server costs beyond it is the server's own work.
package bare

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"uproar/bench/load"
	"uproar/bench/target"
)

//go:embed src/bare.c
var source []byte

var ready = regexp.MustCompile(`^ready members=(\S+) publishers=(\S+)`)

// Build compiles the loop into dir and returns the program's path.
func Build(ctx context.Context, dir string) (string, error) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		return "", fmt.Errorf("cannot find a C compiler: %w; on Debian: apt-get install -y gcc libc6-dev", err)
	}
	src, path := filepath.Join(dir, "bare.c"), filepath.Join(dir, "bare")
	if err := os.WriteFile(src, source, 0o600); err != nil {
		return "", fmt.Errorf("cannot write the source of bare: %w", err)
	}
	out, err := exec.CommandContext(ctx, compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", path, src).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cannot compile bare: %w\n%s", err, out)
	}
	return path, nil
}

// Start runs the loop. Lines within window share one send per member; 0 sends
// each at once. Windows are whole milliseconds.
func Start(ctx context.Context, path string, window time.Duration) (*target.Server, error) {
	args := []string{"--frame", "--window-ms", strconv.FormatInt(window.Milliseconds(), 10)}
	p, m, err := target.StartProcess(ctx, Name(window), path, args, ready)
	if err != nil {
		return nil, err
	}
	return &target.Server{Process: p, Wire: load.Frames, Raw: true, Members: m[1], Publishers: m[2]}, nil
}

// Name is what reports call the loop with this window.
func Name(window time.Duration) string {
	if window == 0 {
		return "bare"
	}
	return fmt.Sprintf("bare-%dms", window.Milliseconds())
}
