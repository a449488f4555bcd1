// Package account says who a connection is. An Authenticator turns what a client
// presents, a token and a nick, into a *chat.User: a snapshot that nobody modifies.
//
// Event loops call these functions, so none of them blocks: no disk, no network and
// no lock that is held during I/O. They are safe from any goroutine.
package account

import (
	"errors"
	"hash/fnv"
	"strings"

	"uproar/core/chat"
)

// ErrLoginFailed means that the token is unknown, or that it names nobody. The
// client is told "Login authentication failed" and is closed.
var ErrLoginFailed = errors.New("login authentication failed")

// Authenticator decides who a connection is. It must not block: loops call it.
// The token comes without "oauth:". The only error is ErrLoginFailed.
type Authenticator interface {
	Authenticate(token, nick string) (*chat.User, error)
}

// Open lets everyone in under the nick that they ask for, whatever the token: for
// development, benchmarks and sites whose proxy has authenticated already.
type Open struct{}

// Authenticate returns the user of the nick. The nick may be in any case: the login
// is its lower case, the display name keeps the case.
func (Open) Authenticate(_, nick string) (*chat.User, error) {
	return named(strings.ToLower(nick), nick)
}

// Anonymous is the reader behind a justinfan nick. It never speaks, so it has no colour.
func Anonymous(nick string) *chat.User {
	login := strings.ToLower(nick)
	return &chat.User{ID: chat.StableID(login), Login: login, Display: nick, Anonymous: true}
}

// named is the user of a login that has stored nothing about itself.
func named(login, display string) (*chat.User, error) {
	if !chat.ValidName([]byte(login)) {
		return nil, ErrLoginFailed
	}
	return &chat.User{ID: chat.StableID(login), Login: login, Display: display, Color: DefaultColor(login)}, nil
}

// defaultColors are the 15 colours that Twitch gives to those who never chose one:
// red, blue, green, fire brick, coral, yellow green, orange red, sea green, golden
// rod, chocolate, cadet blue, dodger blue, hot pink, blue violet, spring green.
var defaultColors = [15]string{
	"#FF0000", "#0000FF", "#008000", "#B22222", "#FF7F50",
	"#9ACD32", "#FF4500", "#2E8B57", "#DAA520", "#D2691E",
	"#5F9EA0", "#1E90FF", "#FF69B4", "#8A2BE2", "#00FF7F",
}

// DefaultColor is the colour of a login that never chose one: one of 15, by FNV-1a
// of the login, so that a person has the same colour on every edge and after every
// restart.
func DefaultColor(login string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(login))
	return defaultColors[h.Sum32()%uint32(len(defaultColors))]
}
