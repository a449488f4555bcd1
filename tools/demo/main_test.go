package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFlagsThatSayNothingAreRefused(t *testing.T) {
	for line, want := range map[string]int{
		"--help":             0,
		"--tears":            exitUsage,
		"start":              exitUsage,
		"--channel No":       exitUsage,
		"--channel _a":       exitUsage,
		"--channel a --help": 0,
	} {
		var out strings.Builder
		opts, code := parse(strings.Fields(line), &out)
		if opts != nil || code != want || out.Len() == 0 {
			t.Errorf("%q gave %v, exit code %d and %q, want %d and a word", line, opts, code, out.String(), want)
		}
	}
	if opts, _ := parse([]string{"--tiers", "--channel", "den"}, io.Discard); opts == nil || !opts.tiers || opts.channel != "den" || !opts.push {
		t.Errorf("flags were read as %+v", opts)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var out tail
	for i := range 10_000 {
		fmt.Fprintf(&out, "line %d\n", i)
	}
	if text := out.String(); len(text) != saidBytesMax || !strings.HasSuffix(text, "line 9999\n") {
		t.Errorf("%d bytes are kept, to %q", len(text), text[len(text)-10:])
	}
}

func TestStreamCanBeCopiedIntoAShell(t *testing.T) {
	for _, opts := range []*options{{}, {low: true}} {
		args := opts.stream("http://127.0.0.1:9/hls/den")
		out, err := exec.Command("sh", "-c", "printf '%s\\n' "+quoted(args)).Output()
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Join(args, "\n") + "\n"; string(out) != want {
			t.Errorf("a shell reads\n%s\nwant\n%s", out, want)
		}
	}
}

// The demo, as somebody runs it: what it prints can be opened, and after Ctrl-C no process
// and no file is left.
func TestDemoServesAStreamAndLeavesNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("needs ffmpeg")
	}
	binary := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.Command("go", "build", "-o", binary, "uproar/tools/demo").CombinedOutput(); err != nil {
		t.Fatalf("cannot build the demo: %v\n%s", err, out)
	}
	for name, args := range map[string][]string{"one process": {"--low-latency"}, "three tiers": {"--tiers"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			demo := exec.Command(binary, append(args, "--free-ports", "--channel=den")...)
			demo.Env = append(os.Environ(), "TMPDIR="+folder)
			demo.Stderr = os.Stderr
			stdout, err := demo.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := demo.Start(); err != nil {
				t.Fatal(err)
			}
			ended := false
			defer func() {
				if !ended {
					_ = demo.Process.Kill()
					_ = demo.Wait()
				}
			}()
			text := readUntil(t, stdout, "Ctrl-C ends it.")
			for _, what := range []string{"watch", "playlist", "metrics"} {
				open(t, text, what)
			}
			children := childrenOf(t, demo.Process.Pid)
			want := 2
			if args[0] == "--tiers" {
				want = 4
			}
			if len(children) != want {
				t.Errorf("it has started %d processes, want %d", len(children), want)
			}
			if err := demo.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := demo.Wait(); err != nil {
				t.Errorf("after Ctrl-C: %v", err)
			}
			ended = true
			for _, pid := range children {
				if syscall.Kill(pid, 0) == nil {
					t.Errorf("process %d still runs", pid)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) != 0 {
				t.Errorf("it has left %v", left)
			}
		})
	}
}

// readUntil returns what r has up to a line, within a minute.
func readUntil(t *testing.T, r io.ReadCloser, line string) string {
	t.Helper()
	timer := time.AfterFunc(time.Minute, func() { _ = r.Close() })
	defer timer.Stop()
	var text strings.Builder
	for lines := bufio.NewScanner(r); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if lines.Text() == line {
			return text.String()
		}
	}
	t.Fatalf("it did not say %q:\n%s", line, text.String())
	return ""
}

// open gets the address that text has behind name.
func open(t *testing.T, text, name string) {
	t.Helper()
	found := regexp.MustCompile(`(?m)^  ` + name + ` +(http://\S+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("it does not say where %s is:\n%s", name, text)
	}
	response, err := http.Get(found[1])
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("%s answers %s", found[1], response.Status)
	}
}

// childrenOf are the processes that pid has started.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range strings.Fields(string(text)) {
			var child int
			if _, err := fmt.Sscan(field, &child); err != nil {
				t.Fatal(err)
			}
			children = append(children, child)
		}
	}
	return children
}
