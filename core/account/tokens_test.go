package account

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"uproar/core/chat"
)

func tokenFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens")
	writeTokens(t, path, text)
	return path
}

func writeTokens(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTokenDecidesTheLogin(t *testing.T) {
	tokens, err := OpenTokens(tokenFile(t, "# who may speak\n\nsecret1 ann Ann\n  oauth:secret2\tbob \nsecret3 ann\n"))
	if err != nil {
		t.Fatal(err)
	}
	if n := tokens.Len(); n != 3 {
		t.Fatalf("%d tokens", n)
	}
	for token, want := range map[string]string{"secret1": "Ann", "secret2": "bob", "secret3": "ann"} {
		u, err := tokens.Authenticate(token, "someoneelse")
		if err != nil || u.Display != want || u.Login != strings.ToLower(want) {
			t.Errorf("%s: got %+v, %v", token, u, err)
		}
		if u != nil && (u.ID != chat.StableID(u.Login) || u.Color != DefaultColor(u.Login)) {
			t.Errorf("%s: got %+v", token, u)
		}
	}
	for _, token := range []string{"", "secret", "Secret1", "oauth:secret2", "#", strings.Repeat("x", TokenBytesMax+1)} {
		if u, err := tokens.Authenticate(token, "ann"); !errors.Is(err, ErrLoginFailed) || u != nil {
			t.Errorf("%.20q: got %+v, %v", token, u, err)
		}
	}
}

func TestBadTokenFileNamesFileAndLine(t *testing.T) {
	for text, want := range map[string]string{
		"secret1 ann\nsecret2\n":               "line 2: 1 fields",
		"secret1 ann Ann extra\n":              "line 1: 4 fields",
		"\nsecret1 Ann\n":                      `line 2: cannot use login "Ann"`,
		"secret1 _ann":                         `line 1: cannot use login "_ann"`,
		"secret1 ann Bob":                      `line 1: display name "Bob" differs`,
		"secret1 ann\nsecret1 bob":             `line 2: the token of "bob" stands twice`,
		"oauth: ann":                           "line 1: the token has 0 bytes",
		strings.Repeat("x", 513) + " ann":      "line 1: the token has 513 bytes",
		"a ann\n" + strings.Repeat("x", 1<<17): "line 2: ",
	} {
		path := tokenFile(t, text)
		_, err := OpenTokens(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%.40q: got %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error gives a token away: %v", err)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := OpenTokens(missing); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v", err)
	}
}

// endless reads as n bytes of comment lines.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	line := "#" + strings.Repeat(" ", 4094) + "\n"
	n := copy(p, line[:min(len(line), e.n)])
	e.n -= n
	return n, nil
}

func TestTooLargeTokenFileIsRefused(t *testing.T) {
	if _, err := readTokens(&endless{TokenFileBytesMax + 1}); err == nil || !strings.Contains(err.Error(), "more than 67108864 bytes") {
		t.Errorf("bytes: got %v", err)
	}
	if _, err := readTokens(&endless{TokenFileBytesMax}); err != nil {
		t.Errorf("exactly the bound: got %v", err)
	}
	lines := strings.NewReader(strings.Repeat("\n", TokenFileLinesMax+1))
	if _, err := readTokens(lines); err == nil || !strings.Contains(err.Error(), "more than 1048576 lines") {
		t.Errorf("lines: got %v", err)
	}
}

func TestReloadReplacesOrKeepsTheWholeSet(t *testing.T) {
	path := tokenFile(t, "secret1 ann\n")
	tokens, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	writeTokens(t, path, "secret2 bob\nbroken\n")
	if err := tokens.Reload(); err == nil {
		t.Fatal("a broken file was taken")
	}
	if _, err := tokens.Authenticate("secret1", ""); err != nil {
		t.Fatal("the old set is gone")
	}
	if _, err := tokens.Authenticate("secret2", ""); err == nil {
		t.Fatal("half of a broken file is in force")
	}
	writeTokens(t, path, "secret2 bob\n")
	if err := tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Authenticate("secret1", ""); err == nil {
		t.Fatal("a removed token still works")
	}
	if u, err := tokens.Authenticate("secret2", ""); err != nil || u.Login != "bob" {
		t.Fatalf("got %v, %v", u, err)
	}
}

func TestReloadRacesWithLogins(t *testing.T) {
	tokens, err := OpenTokens(tokenFile(t, "secret1 ann\n"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 50 {
			if err := tokens.Reload(); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2000 {
		if _, err := tokens.Authenticate("secret1", ""); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
}
