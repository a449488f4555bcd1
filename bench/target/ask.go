package target

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// askTimeout bounds one question to a server: what does not answer by then is not well.
const askTimeout = 5 * time.Second

// Metrics is what the server counts, by series.
type Metrics map[string]float64

// Sum adds up the series of a metric, whatever their labels.
func (m Metrics) Sum(name string) (sum float64) {
	for series, value := range m {
		if family, _, _ := strings.Cut(series, "{"); family == name {
			sum += value
		}
	}
	return sum
}

// Metrics asks the admin port.
func (s *Server) Metrics(ctx context.Context) (Metrics, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Admin+"/metrics", nil)
	if err != nil {
		return nil, fmt.Errorf("cannot ask %q for its metrics: %w", s.Name, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("cannot ask %q for its metrics: %w", s.Name, err)
	}
	defer answer.Body.Close()
	m := Metrics{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		series, text, _ := strings.Cut(lines.Text(), " ")
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			m[series] = value
		}
	}
	if err := lines.Err(); err != nil || answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("cannot read the metrics of %q: %s, %v", s.Name, answer.Status, err)
	}
	return m, nil
}

// Commands is how often Redis has carried out each command since it began; what a script
// calls counts too.
func (r *Redis) Commands(ctx context.Context) (map[string]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp4", r.Addr)
	if err != nil {
		return nil, fmt.Errorf("cannot ask Redis: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	if _, err := io.WriteString(conn, "INFO commandstats\r\n"); err != nil {
		return nil, fmt.Errorf("cannot ask Redis: %w", err)
	}
	in := bufio.NewReader(conn)
	head, err := in.ReadString('\n') // "$" and the size of the text that follows
	if err != nil {
		return nil, fmt.Errorf("cannot read what Redis answers: %w", err)
	}
	size, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(head, "$")))
	if err != nil {
		return nil, fmt.Errorf("cannot read what Redis answers: %q", head)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, fmt.Errorf("cannot read what Redis answers: %w", err)
	}
	return parseCommands(string(text))
}

// parseCommands reads lines such as "cmdstat_get:calls=21,usec=175,...".
func parseCommands(text string) (map[string]int64, error) {
	calls := map[string]int64{}
	for line := range strings.Lines(text) {
		name, ok := strings.CutPrefix(line, "cmdstat_")
		if !ok {
			continue
		}
		name, rest, _ := strings.Cut(name, ":calls=")
		count, _, _ := strings.Cut(rest, ",")
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("cannot read what Redis has done: %q", strings.TrimSpace(line))
		}
		calls[name] = n
	}
	return calls, nil
}

// Freeze stops the process where it stands, with its connections open, until Thaw: a
// process that does so is there and answers nobody.
func (p *Process) Freeze() error { return p.signal("freeze", syscall.SIGSTOP) }

// Thaw undoes Freeze.
func (p *Process) Thaw() error { return p.signal("thaw", syscall.SIGCONT) }

func (p *Process) signal(what string, s syscall.Signal) error {
	if err := syscall.Kill(p.Pid, s); err != nil {
		return fmt.Errorf("cannot %s %q: %w", what, p.Name, err)
	}
	return nil
}
