// Command trace follows one line through all processes of a fleet:
//
//	go run ./tools/trace ID ADMIN...
//
// ID is the id tag of the line, ADMIN the admin address (host:port) of each process, which
// runs with --trace. Every hop stands with the clock of its process, and clocks of hosts
// may differ: times of two processes are not to be compared to the millisecond.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// answer is what a process says of a line.
type answer struct {
	Process string `json:"process"`
	Error   string `json:"error"`
	Hops    []struct {
		Hop string    `json:"hop"`
		At  time.Time `json:"at"`
	} `json:"hops"`

	addr string
	err  error
}

func main() {
	if len(os.Args) < 3 || os.Args[1] == "--help" || os.Args[1] == "-h" {
		fmt.Fprintln(os.Stderr, "usage: go run ./tools/trace ID ADMIN...\n\nID is the id tag of a line, ADMIN the --admin-addr of each process, which runs with --trace.\nExit code: 0 when a process knows the line, 1 when none does, 2 when one cannot be asked.")
		os.Exit(2)
	}
	answers := askAll(os.Args[1], os.Args[2:])
	os.Exit(show(os.Stdout, os.Args[1], answers))
}

// askAll asks all processes at once, for at most 5 s.
func askAll(id string, addrs []string) []answer {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	answers := make([]answer, len(addrs))
	var all sync.WaitGroup
	for i, addr := range addrs {
		all.Go(func() { answers[i] = ask(ctx, id, addr) })
	}
	all.Wait()
	return answers
}

func ask(ctx context.Context, id, addr string) (a answer) {
	a.addr = addr
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/api/trace?id="+url.QueryEscape(id), nil)
	if err != nil {
		a.err = fmt.Errorf("cannot ask %q: %w", addr, err)
		return a
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.err = fmt.Errorf("cannot ask %q: %w", addr, err)
		return a
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(&a); err != nil {
		a.err = fmt.Errorf("cannot read what %q says: %w", addr, err)
	} else if a.Error != "" {
		a.err = fmt.Errorf("cannot learn from %q: %s", addr, a.Error)
	}
	return a
}

// show prints the hops in the order of their clocks, and returns the exit code.
func show(w io.Writer, id string, answers []answer) (code int) {
	type hop struct {
		at            time.Time
		name, process string
	}
	var hops []hop
	for _, a := range answers {
		if a.err != nil {
			fmt.Fprintln(w, a.err)
			code = 2
			continue
		}
		if len(a.Hops) == 0 {
			fmt.Fprintf(w, "%s (%s) has not seen it, or has forgotten it\n", a.Process, a.addr)
		}
		for _, h := range a.Hops {
			hops = append(hops, hop{h.At, h.Hop, a.Process})
		}
	}
	if len(hops) == 0 {
		fmt.Fprintf(w, "no process knows the line %s\n", id)
		return max(code, 1)
	}
	slices.SortStableFunc(hops, func(a, b hop) int { return a.at.Compare(b.at) })
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "ms\thop\tprocess\ttime\n")
	for _, h := range hops {
		fmt.Fprintf(table, "%.3f\t%s\t%s\t%s\n", float64(h.at.Sub(hops[0].at).Microseconds())/1000, h.name, h.process, h.at.Format("15:04:05.000000"))
	}
	_ = table.Flush()
	return code
}
