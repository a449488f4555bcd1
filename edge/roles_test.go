package main

import (
	"io"
	"strings"
	"testing"
)

func TestRolesThatCouldNotDoTheirWorkAreAMistake(t *testing.T) {
	short := write(t, "secret\n")
	for _, c := range []struct{ args, says string }{
		{"--roles=edge,judge", `"judge" is none of`},
		{"--roles=clue", "give it a --link-addr"},
		{"--roles=edge", "who decides lines?"},
		{"--clue=127.0.0.1:1", "--clue: of no use"},
		{"--roles=edge --clue=127.0.0.1:1", "where do its lines come from?"},
		{"--roles=clue --link-addr=127.0.0.1:1", "by --redis alone"},
		{"--link-addr=127.0.0.1:1", "by --redis alone"},
		{"--exchange=127.0.0.1:1", "by --redis alone"},
		{"--roles=exchange --link-addr=127.0.0.1:1", "--upstream redis: which?"},
		{"--roles=exchange --link-addr=127.0.0.1:1 --redis=127.0.0.1:2 --exchange=127.0.0.1:3", "a relay has --upstream"},
		{"--upstream=127.0.0.1:1", "--upstream: of no use"},
		{"--roles=edge --clue=127.0.0.1:1 --exchange=127.0.0.1:2 --link-addr=127.0.0.1:3", "--link-addr: of no use"},
		{"--roles=edge --clue=here --exchange=127.0.0.1:2", `--clue: cannot read "here"`},
		{"--roles=edge --clue=127.0.0.1:70001 --exchange=127.0.0.1:2", `--clue: cannot read "127.0.0.1:70001"`},
		{"--roles=clue --redis=127.0.0.1:1 --link-addr=127.0.0.1:70001", `--link-addr: cannot read "127.0.0.1:70001"`},
		{"--roles=exchange --upstream=127.0.0.1:x --link-addr=127.0.0.1:1", `--upstream: cannot read "127.0.0.1:x"`},
		{"--roles=edge --clue=127.0.0.1:1,127.0.0.1:1 --exchange=127.0.0.1:2", "stands there twice"},
		{"--roles=clue --redis=127.0.0.1:1 --link-addr=:7667", "--link-secret-file"},
		{"--roles=clue --redis=127.0.0.1:1 --link-addr=10.0.0.1:7667", "--link-secret-file"},
		{"--roles=origin", "add the role hls"},
		{"--roles=hls", "where does its video come from?"},
		{"--hls-upstream=127.0.0.1:1", "leave origin out of --roles"},
		{"--roles=hls --hls-upstream=127.0.0.1", `--hls-upstream: cannot read "127.0.0.1"`},
		{"--roles=hls --hls-upstream=127.0.0.1:1,127.0.0.1:1", "stands there twice"},
		{"--roles=edge,clue --hls-upstream=127.0.0.1:1", "--hls-upstream: of no use without the role hls"},
		{"--roles=edge,clue --hls-secret-file=x", "--hls-secret-file: of no use without the role hls"},
		{"--roles=hls,exchange --hls-upstream=127.0.0.1:1", "give it a --link-addr"},
		{"--hls-url=pop1.example.org", "--hls-url: cannot use"},
		{"--hls-url=http://pop1.example.org/", "without a slash at the end"},
		{"--hls-region=Europe", "--hls-region: cannot read"},
		{"--hls-bytes=1000", "--hls-bytes: 1000 is below"},
		{"--video-bytes=0", "--video-bytes: 0 is not above 0"},
		{"--video-part=5s", "--video-part: 5s is not 100ms to --video-segment"},
		{"--video-segment=2m", "--video-segment: 2m0s is not 1s to 1m"},
		{"--video-age=0s", "--video-age: 0s is not a time above 0"},
	} {
		var errs strings.Builder
		_, _, code, ok := parse(strings.Fields(c.args), io.Discard, &errs)
		if ok || code != exitUsage || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: passed: %v, exit code %d, %q; want %q", c.args, ok, code, errs.String(), c.says)
		}
	}
	for _, args := range []string{
		"", "--redis=127.0.0.1:1", "--redis=127.0.0.1:1 --exchange=127.0.0.1:2", "--redis=127.0.0.1:1 --link-addr=127.0.0.1:2",
		"--roles=edge --clue=127.0.0.1:1 --exchange=127.0.0.1:2", "--roles=edge --clue=127.0.0.1:1 --redis=127.0.0.1:2",
		"--roles=clue --redis=127.0.0.1:1 --link-addr=127.0.0.1:2", "--roles=clue,exchange --redis=127.0.0.1:1 --link-addr=127.0.0.1:2",
		"--roles=exchange --upstream=127.0.0.1:1,127.0.0.1:2 --link-addr=127.0.0.1:3",
		"--roles=origin,hls", "--roles=hls --hls-upstream=127.0.0.1:1,127.0.0.1:2", "--roles=hls --redis=127.0.0.1:1 --hls-upstream=127.0.0.1:2 --hls-url=http://pop1.example.org:8080 --hls-region=EU-DE",
		"--roles=edge,clue,exchange,hls --hls-upstream=127.0.0.1:1",
		"--roles=clue --redis=127.0.0.1:1 --link-addr=:7667 --link-secret-file=" + short,
	} {
		var errs strings.Builder
		if _, _, _, ok := parse(strings.Fields(args), io.Discard, &errs); !ok {
			t.Errorf("%q: %s", args, errs.String())
		}
	}
}

func TestSpaceInAListOfAddressesIsAMistake(t *testing.T) {
	var errs strings.Builder
	_, _, code, ok := parse([]string{"--roles=edge", "--clue=127.0.0.1:1, 127.0.0.1:2", "--exchange=127.0.0.1:3"}, io.Discard, &errs)
	if ok || code != exitUsage || !strings.Contains(errs.String(), `a space in " 127.0.0.1"`) {
		t.Errorf("passed: %v, exit code %d, %q", ok, code, errs.String())
	}
}

func TestSecretOfAFleetIsLongEnough(t *testing.T) {
	for content, says := range map[string]string{"short\n": "at least 16", "": "at least 16"} {
		o := &options{LinkSecretFile: write(t, content)}
		if _, err := o.linkSecret(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", content, err)
		}
	}
	o := &options{LinkSecretFile: write(t, "0123456789abcdef\n")}
	if secret, err := o.linkSecret(); err != nil || string(secret) != "0123456789abcdef" {
		t.Errorf("%q, %v", secret, err)
	}
}
