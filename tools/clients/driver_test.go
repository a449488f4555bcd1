package clients

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// command and event are the line protocol that driver.mjs describes.
type command struct {
	Do   string `json:"do"`
	Host string `json:"host,omitempty"`
	Port int    `json:"port,omitempty"`
	User string `json:"user,omitempty"`
	Room string `json:"room,omitempty"`
	Text string `json:"text,omitempty"`
	Call int    `json:"call,omitempty"`
	Name string `json:"name,omitempty"`
	Args []any  `json:"args,omitempty"`
}

type event struct {
	Event string `json:"event"`
	Room  string `json:"room"`
	User  string `json:"user"`
	Text  string `json:"text"`
	ID    string `json:"id"`
	Call  int    `json:"call"`
	OK    bool   `json:"ok"`
}

// driver runs one client library. Its events end (the channel is closed) when the
// library's process has ended.
type driver interface {
	send(command) error
	events() <-chan event
	log() string // what the library printed, for a failed test
	stop()       // ends it, if it runs yet
}

// process is a driver in a program of its own, which speaks JSON lines.
type process struct {
	cmd      *exec.Cmd
	commands io.WriteCloser
	out      chan event
	printed  *transcript
}

// startNode runs a driver of this folder under node.
func startNode(args ...string) (driver, error) {
	cmd := exec.Command("node", args...)
	commands, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("cannot open commands of %q: %w", args, err)
	}
	events, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("cannot open events of %q: %w", args, err)
	}
	p := newProcess(cmd, commands)
	cmd.Stderr = p.printed
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start node %q: %w", args, err)
	}
	go p.read(events)
	return p, nil
}

func newProcess(cmd *exec.Cmd, commands io.WriteCloser) *process {
	return &process{cmd: cmd, commands: commands, out: make(chan event, 1024), printed: &transcript{}}
}

// read hands on the events until their end, then waits for the process.
func (p *process) read(events io.Reader) {
	defer close(p.out)
	lines := bufio.NewScanner(events)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			e = event{Event: "error", Text: fmt.Sprintf("cannot read event %q: %v", lines.Text(), err)}
		}
		p.out <- e
	}
	_ = p.cmd.Wait()
}

func (p *process) send(c command) error {
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("cannot encode command %q: %w", c.Do, err)
	}
	if _, err := p.commands.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("cannot send command %q: %w", c.Do, err)
	}
	return nil
}

func (p *process) events() <-chan event { return p.out }
func (p *process) log() string          { return p.printed.String() }

func (p *process) stop() {
	_ = p.commands.Close()
	_ = p.cmd.Process.Kill()
	for range p.out { // until read has seen the end
	}
}

// transcript keeps the last bytes that were written to it.
type transcript struct {
	mu struct {
		sync.Mutex
		text []byte
	}
}

const transcriptBytesMax = 64 << 10

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.text = append(t.mu.text, p...)
	if over := len(t.mu.text) - transcriptBytesMax; over > 0 {
		t.mu.text = t.mu.text[over:]
	}
	return len(p), nil
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.mu.text)
}

// client is one library under test, with all that it has reported.
type client struct {
	library
	driver
	t    *testing.T
	seen []event
}

// do sends a command.
func (c *client) do(cmd command) {
	c.t.Helper()
	if err := c.send(cmd); err != nil {
		c.t.Fatalf("%s: %v", c.name, err)
	}
}

// await reads events until one fits, and fails the test when none comes in time.
// What it reads stays in seen.
func (c *client) await(what string, limit time.Duration, fits func(event) bool) {
	c.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		select {
		case e, ok := <-c.events():
			if !ok {
				c.t.Fatalf("%s ended while the test waited for %s", c.name, what)
			}
			c.seen = append(c.seen, e)
			if fits(e) {
				return
			}
		case <-deadline.C:
			c.t.Fatalf("%s: no %s within %v", c.name, what, limit)
		}
	}
}

// awaitEvent waits for an event of that kind.
func (c *client) awaitEvent(kind string, limit time.Duration) {
	c.t.Helper()
	c.await(kind, limit, func(e event) bool { return e.Event == kind })
}

// awaitLine waits for a line of chat.
func (c *client) awaitLine(text string, limit time.Duration) {
	c.t.Helper()
	c.await(fmt.Sprintf("line %q", text), limit, func(e event) bool { return e.Event == "heard" && e.Text == text })
}

// heard counts how often user was heard to say text in room.
func (c *client) heard(room, user, text string) int {
	n := 0
	for _, e := range c.seen {
		if e.Event == "heard" && e.Room == room && strings.EqualFold(e.User, user) && e.Text == text {
			n++
		}
	}
	return n
}

// heardWhileAway reports whether text was heard between a PART and the JOIN after it.
func (c *client) heardWhileAway(text string) bool {
	away := false
	for _, e := range c.seen {
		switch e.Event {
		case "parted":
			away = true
		case "joined":
			away = false
		case "heard":
			if away && e.Text == text {
				return true
			}
		}
	}
	return false
}

// errors are the errors that it reported so far.
func (c *client) errors() []string {
	var all []string
	for _, e := range c.seen {
		if e.Event == "error" {
			all = append(all, e.Text)
		}
	}
	return all
}
