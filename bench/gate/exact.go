package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// exact is level exact: budgets of what does not depend on how busy the machine is.
func (g *gate) exact(ctx context.Context) error {
	for _, a := range allocations {
		if err := g.allocationsOf(ctx, a); err != nil {
			return err
		}
	}
	b := build{name: "head", source: g.root, overlay: g.Overlay, out: filepath.Join(g.dir, "exact")}
	server, err := b.server(ctx)
	if err != nil {
		return err
	}
	info, err := os.Stat(server)
	if err != nil {
		return fmt.Errorf("cannot read the size of the server: %w", err)
	}
	g.hold("binary", binarySize, float64(info.Size())/1e6)
	g.log("members of the built server")
	f, err := measureServer(ctx, server)
	if err != nil {
		return err
	}
	g.hold("heap", heapPerConn, f.heapPerConn)
	g.hold("memory", processPerConn, f.processPerConn)
	g.hold("goroutines", goroutinesPerConn, f.goroutinesPerConn)
	g.hold("writes", writesPerDelivery, f.writesPerDelivery)
	g.hold("wire", bytesPerDelivery, f.bytesPerDelivery)
	return nil
}

// allocationsOf holds one package's benchmarks to their budgets.
func (g *gate) allocationsOf(ctx context.Context, a packageBudget) error {
	g.log("allocations of %s", a.pack)
	text, err := g.benchmarks(ctx, a.pack, slices.Sorted(maps.Keys(a.most)), a.operations)
	if err != nil {
		return err
	}
	return g.holdAllocations(a.pack, a.most, text)
}

// benchmarks runs the benchmarks of a package, whole families of those named, and
// returns what they print.
func (g *gate) benchmarks(ctx context.Context, pack string, names []string, operations int) ([]byte, error) {
	var families []string
	for _, name := range names {
		family, _, _ := strings.Cut(name, "/")
		families = append(families, regexp.QuoteMeta(family))
	}
	args := []string{"test", "-run", "^$", "-bench", "^Benchmark(" + strings.Join(slices.Compact(families), "|") + ")$",
		"-benchmem", "-benchtime", strconv.Itoa(operations) + "x", "-cpu", "1"}
	if g.Overlay != "" {
		args = append(args, "-overlay", g.Overlay)
	}
	run := exec.CommandContext(ctx, "go", append(args, pack)...)
	run.Dir = g.root
	var complaint bytes.Buffer
	run.Stderr = &complaint
	out, err := run.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot run the benchmarks of %q: %w\n%s%s", pack, err, out, complaint.Bytes())
	}
	return out, nil
}

// holdAllocations holds what benchmarks printed to their budgets. A budget without its
// benchmark shuts the gate: it would guard nothing.
func (g *gate) holdAllocations(pack string, most map[string]float64, text []byte) error {
	counts, err := allocationsIn(text)
	if err != nil {
		return fmt.Errorf("cannot read the benchmarks of %q: %w", pack, err)
	}
	for _, name := range slices.Sorted(maps.Keys(most)) {
		full := strings.TrimPrefix(pack, "./") + " " + name
		n, ran := counts[name]
		if !ran {
			g.fail(full, "%s: there is no such benchmark any more: give bench/gate/budgets.go its successor", full)
			continue
		}
		g.hold(full, budget{most: most[name], unit: "allocations"}, n)
	}
	return nil
}

// allocationsIn reads allocations per operation by benchmark.
func allocationsIn(text []byte) (map[string]float64, error) {
	counts := map[string]float64{}
	reader := benchfmt.NewReader(bytes.NewReader(text), "go test")
	for reader.Scan() {
		r, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		if n, ok := r.Value("allocs/op"); ok {
			counts[r.Name.String()] = n
		}
	}
	if err := reader.Err(); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return counts, nil
}
