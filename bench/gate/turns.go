package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// time is level time: the same work with base and head in turns.
func (g *gate) time(ctx context.Context) error {
	old, now, err := g.sources(ctx)
	if errors.Is(err, errNoBase) && g.Base == "" {
		g.say("level time is left out: there is no commit before HEAD here (a shallow clone?); name one with --base")
		return nil
	}
	if err != nil {
		return err
	}
	all, err := g.chosen()
	if err != nil {
		return err
	}
	g.say("time of %s against base %s", now.title(), old.title())
	g.began = time.Now()
	for _, w := range all {
		if !g.fits(0) {
			g.say("%s: not compared, %v are over (see --within)", seriesNames(w), g.Within)
			continue
		}
		if err := g.compare(ctx, w, old, now); err != nil {
			return err
		}
	}
	return nil
}

// sources finds both commits and has their trees in place.
func (g *gate) sources(ctx context.Context) (old, now *build, err error) {
	old = &build{name: "base", out: filepath.Join(g.dir, "base"), source: filepath.Join(g.dir, "base-source")}
	now = &build{name: "head", out: filepath.Join(g.dir, "head"), source: g.root, overlay: g.Overlay}
	of := "HEAD"
	if g.Head != "" {
		of = g.Head
		if now.commit, err = resolve(ctx, g.root, of); err != nil {
			return nil, nil, err
		}
		now.source = filepath.Join(g.dir, "head-source")
		if err := checkout(ctx, g.root, now.commit, now.source); err != nil {
			return nil, nil, err
		}
	}
	name := g.Base
	if name == "" {
		name = of + "~1"
	}
	if old.commit, err = resolve(ctx, g.root, name); err != nil {
		return nil, nil, err
	}
	return old, now, checkout(ctx, g.root, old.commit, old.source)
}

// title is how people know a side.
func (b *build) title() string {
	name := "the working tree"
	if b.commit != "" {
		name = b.commit
	}
	if b.overlay != "" {
		name += " with an overlay"
	}
	return name
}

// compare judges one workload, again where it looks like a regression.
func (g *gate) compare(ctx context.Context, w workload, old, now *build) error {
	names := seriesNames(w)
	var programs [2]string
	var err error
	if programs[0], err = w.build(ctx, old); err != nil && ctx.Err() == nil {
		g.say("%s: not compared: %v", names, err)
		return nil
	}
	if programs[1], err = w.build(ctx, now); err != nil {
		return err
	}
	same, err := g.same(programs)
	if err != nil {
		return err
	}
	if same {
		g.say("ok   %s: both sides are the same program", names)
		return nil
	}
	suspects := w.series()
	var last []verdict
	var took time.Duration
	for n := 1; n <= repeats && len(suspects) > 0; n++ {
		if n > 1 && !g.fits(took) {
			g.say("%s: looks slower, but %v are over before %d repeats could agree: run it again with a longer --within", names, g.Within, repeats)
			return nil
		}
		began := time.Now()
		verdicts, err := g.repeat(ctx, w, programs)
		if err != nil {
			return err
		}
		suspects, last = g.suspects(suspects, verdicts, n)
		took = time.Since(began)
		g.say("%s: that took %.0f s", names, took.Seconds())
	}
	if len(last) == 0 {
		return nil
	}
	return g.regressed(ctx, w, programs, old, last)
}

// same tells whether there is nothing to compare.
func (g *gate) same(programs [2]string) (bool, error) {
	if g.Anyway {
		return false, nil
	}
	a, err := sum(programs[0])
	if err != nil {
		return false, err
	}
	b, err := sum(programs[1])
	return a == b, err
}

// suspects are those of before that repeat n finds slower too, with what it says of
// them. The others are done with.
func (g *gate) suspects(before []series, verdicts []verdict, n int) (still []series, said []verdict) {
	for i, v := range verdicts {
		if !slices.Contains(before, v.series) {
			continue
		}
		switch {
		case v.slower():
			g.say("slower, repeat %d of %d: %v", n, repeats, v)
			still, said = append(still, v.series), append(said, verdicts[i])
		case n > 1:
			g.say("ok   %v; repeat %d does not agree with those before", v, n)
		case v.faster():
			g.say("ok   %v: faster", v)
		default:
			g.say("ok   %v", v)
		}
		if v.threshold > max(busy, v.blind) {
			g.say("     %s: the machine was too busy to see less than %.0f %%", v.name, 100*v.threshold)
		}
	}
	return still, said
}

// busy is a threshold that is told even where it is usual.
const busy = 0.1

// repeat runs both programs in turns and judges every series. It goes on for more rounds
// where noise would hide what it is after.
func (g *gate) repeat(ctx context.Context, w workload, programs [2]string) ([]verdict, error) {
	all := w.series()
	rounds := make([][][sides]float64, len(all))
	var verdicts []verdict
	began := time.Now()
	for n := range max(g.Rounds, g.Most) {
		if n%5 == 0 {
			g.log("%s: %d rounds of %d or %d are done", seriesNames(w), n, g.Rounds, max(g.Rounds, g.Most))
		}
		r, err := runRound(ctx, w, programs, n)
		if err != nil {
			return nil, err
		}
		for i := range all {
			rounds[i] = append(rounds[i], r[i])
		}
		if n+1 != g.Rounds && n+1 != g.Most {
			continue
		}
		verdicts = verdicts[:0]
		blind := false
		for i, s := range all {
			v := judge(s, rounds[i])
			blind = blind || v.threshold > s.blind
			verdicts = append(verdicts, v)
		}
		if !blind || !g.fits(time.Since(began)) {
			break
		}
	}
	return verdicts, nil
}

// regressed shuts the gate, keeps the profiles of both sides, and says how to see it again.
func (g *gate) regressed(ctx context.Context, w workload, programs [2]string, old *build, verdicts []verdict) error {
	dir := g.Profiles
	var err error
	if dir == "" {
		dir, err = os.MkdirTemp("", "uproar-profiles-")
	} else {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return fmt.Errorf("cannot make a folder for profiles: %w", err)
	}
	var names, paths []string
	for _, v := range verdicts {
		names = append(names, v.name)
		g.fail(v.name, "%v: slower, as %d of %d repeats say", v, repeats, repeats)
	}
	for i, side := range []string{"base", "head"} {
		path := filepath.Join(dir, names[0]+"-"+side+".pprof")
		if err := w.profile(ctx, programs[i], path); err != nil {
			return err
		}
		paths = append(paths, path)
	}
	line := "go run ./bench gate --level time --base " + old.commit + " --only " + strings.Join(names, ",")
	if g.Head != "" {
		line += " --head " + g.Head
	}
	if g.Overlay != "" {
		line += " --overlay " + g.Overlay
	}
	g.say("profiles:  go tool pprof -top -diff_base %s %s", paths[0], paths[1])
	g.say("reproduce: %s", line)
	return nil
}

func seriesNames(w workload) string {
	var names []string
	for _, s := range w.series() {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}
