package account

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"uproar/core/chat"
)

// Bounds of a token file. A file beyond one of them is refused as a whole.
const (
	TokenFileBytesMax = 64 << 20 // bytes of the file
	TokenFileLinesMax = 1 << 20  // lines, comments included
	TokenBytesMax     = 512      // bytes of one token
)

// Tokens knows the accounts of one file: one `token login [display]` per line,
// separated by blanks; '#' starts a comment line. The token alone decides who a
// connection is and the nick is ignored, as on Twitch. A login may have several
// tokens; a token that stands twice is an error.
//
// Only the SHA-256 of each token stays in memory, so that a core dump or a heap
// profile gives nobody away.
type Tokens struct {
	path string
	set  atomic.Pointer[map[tokenSum]*chat.User] // the map is immutable once stored
}

type tokenSum [sha256.Size]byte

// OpenTokens reads the file at path. Its errors name the file and the line, and
// never a token.
func OpenTokens(path string) (*Tokens, error) {
	t := &Tokens{path: path}
	if err := t.Reload(); err != nil {
		return nil, err
	}
	return t, nil
}

// Reload reads the file again and puts the new set in force at once. On error the
// old set stays. It reads a disk: call it from a goroutine that may wait, never
// from a loop. Connections that are logged in stay so.
func (t *Tokens) Reload() error {
	f, err := os.Open(t.path)
	if err != nil {
		return fmt.Errorf("cannot open token file %q: %w", t.path, err)
	}
	defer func() { _ = f.Close() }()
	set, err := readTokens(f)
	if err != nil {
		return fmt.Errorf("cannot read token file %q: %w", t.path, err)
	}
	t.set.Store(&set)
	return nil
}

// Len is the number of tokens in force.
func (t *Tokens) Len() int { return len(*t.set.Load()) }

// Authenticate returns the user whose token it is. The nick is ignored.
func (t *Tokens) Authenticate(token, _ string) (*chat.User, error) {
	if len(token) > TokenBytesMax {
		return nil, ErrLoginFailed
	}
	u, ok := (*t.set.Load())[sumOf(token)]
	if !ok {
		return nil, ErrLoginFailed
	}
	return u, nil
}

func sumOf(token string) tokenSum { return sha256.Sum256([]byte(token)) }

// readTokens parses a token file.
func readTokens(r io.Reader) (map[tokenSum]*chat.User, error) {
	set := make(map[tokenSum]*chat.User)
	limited := &io.LimitedReader{R: r, N: TokenFileBytesMax + 1}
	sc := bufio.NewScanner(limited)
	line := 0
	for sc.Scan() {
		line++
		if line > TokenFileLinesMax {
			return nil, fmt.Errorf("line %d: more than %d lines", line, TokenFileLinesMax)
		}
		fields := strings.Fields(sc.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		sum, u, err := parseToken(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if _, twice := set[sum]; twice {
			return nil, fmt.Errorf("line %d: the token of %q stands twice", line, u.Login)
		}
		set[sum] = u
	}
	if limited.N == 0 {
		return nil, fmt.Errorf("line %d: more than %d bytes", line, TokenFileBytesMax)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", line+1, err)
	}
	return set, nil
}

// parseToken reads the fields of one line.
func parseToken(fields []string) (tokenSum, *chat.User, error) {
	if len(fields) < 2 || len(fields) > 3 {
		return tokenSum{}, nil, fmt.Errorf("%d fields, want: token login [display]", len(fields))
	}
	token, login := strings.TrimPrefix(fields[0], "oauth:"), fields[1]
	if token == "" || len(token) > TokenBytesMax {
		return tokenSum{}, nil, fmt.Errorf("the token has %d bytes, want 1 to %d", len(token), TokenBytesMax)
	}
	display := login
	if len(fields) == 3 {
		display = fields[2]
	}
	if !strings.EqualFold(display, login) {
		return tokenSum{}, nil, fmt.Errorf("display name %q differs from login %q by more than case", display, login)
	}
	u, err := named(login, display)
	if err != nil {
		return tokenSum{}, nil, fmt.Errorf("cannot use login %q: %w", login, errBadLogin)
	}
	return sumOf(token), u, nil
}

var errBadLogin = errors.New("want 1 to 25 of a-z, 0-9 and _, not starting with _")
