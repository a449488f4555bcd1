package page_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	tabLimit  = 60 * time.Second // life of one tab
	waitLimit = 10 * time.Second // for the page to reach a state

	pixelsPerUnit = 2 // device pixels per CSS pixel, for sharp pictures
)

// browser starts chromium, without any traffic of its own, for one test.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("needs chromium")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: apt-get update && apt-get install -y chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,OptimizationHints,MediaRouter"),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("cannot start chromium: %v", err)
	}
	return ctx
}

// tab is one page of a person of their own: nothing is shared between tabs.
type tab struct {
	t    *testing.T
	ctx  context.Context
	stop context.CancelFunc // closes the tab

	mu struct {
		sync.Mutex
		faults []string // exceptions and violations of the policy
		misses bool     // files that cannot be loaded are no faults
	}
}

// look is how a tab shows the page.
type look struct {
	width, height int64 // CSS pixels
	scheme        string
	touch         bool
}

var desktop = look{1100, 760, "light", false}

func open(t *testing.T, browser context.Context, l look, address string) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("cannot open a tab: %v", err)
	}
	ctx, stop := context.WithTimeout(ctx, tabLimit)
	t.Cleanup(stop)
	p := &tab{t: t, ctx: ctx, stop: closeTab}
	if err := chromedp.Listen(ctx, p.observe); err != nil {
		t.Fatalf("cannot listen to a tab: %v", err)
	}
	t.Cleanup(p.checkFaults)
	p.run(chromedp.Func(l.emulate), chromedp.Navigate(address))
	return p
}

// emulate makes the target look so.
func (l look) emulate(ctx context.Context, t *chromedp.Target) error {
	_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: l.width, Height: l.height, DeviceScaleFactor: pixelsPerUnit, Mobile: l.touch,
	})
	if err != nil {
		return fmt.Errorf("cannot set the size of a tab: %w", err)
	}
	_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}},
	})
	if err != nil {
		return fmt.Errorf("cannot set the colour scheme of a tab: %w", err)
	}
	_, err = cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	if err != nil {
		return fmt.Errorf("cannot give a tab the focus: %w", err)
	}
	return nil
}

func (p *tab) observe(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fault := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			fault += " " + e.ExceptionDetails.Exception.Description
		}
	case *cdplog.EventEntryAdded:
		missed := strings.Contains(e.Entry.Text, "Failed to load") && !p.mu.misses
		if e.Entry.Source == cdplog.EntrySourceSecurity || missed {
			fault = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if fault != "" {
		p.mu.faults = append(p.mu.faults, fault)
	}
}

func (p *tab) checkFaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fault := range p.mu.faults {
		p.t.Errorf("page fault: %s", fault)
	}
}

func (p *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// waitFor waits until the JavaScript expression is true.
func (p *tab) waitFor(expression string) {
	p.t.Helper()
	script := fmt.Sprintf(`new Promise((done) => {
		const limit = Date.now() + %d;
		const look = () => {
			if (%s) done('');
			else if (Date.now() > limit) done(document.body.innerText);
			else setTimeout(look, 20);
		};
		look();
	})`, waitLimit.Milliseconds(), expression)
	seen, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("cannot wait for %s: %v", expression, err)
	}
	if seen != "" {
		p.t.Fatalf("not within %v: %s\nthe page shows:\n%s", waitLimit, expression, seen)
	}
}

// waitForLog waits until the log shows text.
func (p *tab) waitForLog(text string) {
	p.t.Helper()
	p.waitFor(fmt.Sprintf("document.getElementById('log').innerText.includes(%q)", text))
}

func (p *tab) waitOnline() {
	p.t.Helper()
	p.waitFor("document.getElementById('status').dataset.state === 'online'")
}

// number evaluates an expression.
func (p *tab) number(expression string) float64 {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[float64](expression))
	if err != nil {
		p.t.Fatalf("cannot evaluate %s: %v", expression, err)
	}
	return value
}

// call takes a name in the page.
func (p *tab) call(nick string) {
	p.t.Helper()
	p.run(chromedp.SendKeys(chromedp.ID("nick"), nick+"\r"))
	p.waitFor("!document.getElementById('say-form').hidden && !document.getElementById('send').disabled")
}

// say types a line and sends it with Enter.
func (p *tab) say(text string) {
	p.t.Helper()
	p.run(chromedp.SendKeys(chromedp.ID("message"), text+"\r"))
}
