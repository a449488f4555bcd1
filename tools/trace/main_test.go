package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHopsOfAllProcessesStandInOneTable(t *testing.T) {
	process := func(body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/trace" || r.URL.Query().Get("id") != "the-id" {
				t.Errorf("asked for %s", r.URL)
			}
			fmt.Fprint(w, body)
		}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	edge := process(`{"process":"edge","hops":[{"hop":"received","at":"2026-01-02T03:04:05.003Z"},{"hop":"written","at":"2026-01-02T03:04:05.0045Z"}]}`)
	clue := process(`{"process":"clue","hops":[{"hop":"decided","at":"2026-01-02T03:04:05Z"}]}`)
	other := process(`{"process":"other","hops":[]}`)
	var out strings.Builder
	if code := show(&out, "the-id", askAll("the-id", []string{edge, clue, other})); code != 0 {
		t.Errorf("exit code %d", code)
	}
	want := "other (" + other + ") has not seen it, or has forgotten it\n" +
		"ms     hop       process  time\n" +
		"0.000  decided   clue     03:04:05.000000\n" +
		"3.000  received  edge     03:04:05.003000\n" +
		"4.500  written   edge     03:04:05.004500\n"
	if out.String() != want {
		t.Errorf("\n%swant\n%s", out.String(), want)
	}
}

func TestProcessThatCannotBeAskedIsNamed(t *testing.T) {
	off := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":"start it with --trace"}`)
	}))
	defer off.Close()
	var out strings.Builder
	code := show(&out, "the-id", askAll("the-id", []string{strings.TrimPrefix(off.URL, "http://"), "127.0.0.1:1"}))
	for _, want := range []string{"start it with --trace", `cannot ask "127.0.0.1:1"`, "no process knows the line the-id"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
	if code != 2 {
		t.Errorf("exit code %d", code)
	}
}
