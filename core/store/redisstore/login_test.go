package redisstore

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"testing"

	"uproar/core/chat"
	"uproar/core/store"
	"uproar/core/store/redistest"
)

// works holds that s is used as any other.
func works(t *testing.T, s *Store) {
	t.Helper()
	listen(t, s)
	change(t, s, memberKey("room", "bob"), store.Change{Grant: chat.VIP})
	if m := read(t, s, memberKey("room", "bob")).Member; m.Roles != chat.VIP {
		t.Errorf("%+v", m)
	}
}

func TestLoginIsGivenAndARefusedOneIsAClearError(t *testing.T) {
	plain := redistest.Start(t, "--requirepass", "secret")
	// What a user needs: README.md says the same.
	users := redistest.Start(t, "--user", "default", "off", "--user", "edge", "on", ">pass word", "~up:*", "&up:*", "+@all", "-@dangerous", "+info")
	for _, mode := range []Mode{ModeAuto, ModeSingle} {
		for _, c := range []struct {
			what     string
			server   *redistest.Server
			user, pw string
			ok       bool
		}{
			{"the password", plain, "", "secret", true},
			{"no password", plain, "", "", false},
			{"another password", plain, "", "other", false},
			{"a user", users, "edge", "pass word", true},
			{"another user", users, "other", "pass word", false},
			{"no user", users, "", "", false},
		} {
			s, err := Open(t.Context(), Config{Addrs: []string{c.server.Addr}, Mode: mode, Username: c.user, Password: c.pw})
			if err == nil {
				t.Cleanup(s.Close)
			}
			switch {
			case c.ok && err != nil:
				t.Errorf("%s, %s: %v", mode, c.what, err)
			case c.ok:
				works(t, s)
			case !errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), c.server.Addr):
				t.Errorf("%s, %s: %v, want ErrLogin", mode, c.what, err)
			case c.pw != "" && strings.Contains(err.Error(), c.pw):
				t.Errorf("%s, %s: the error tells the password: %v", mode, c.what, err)
			}
		}
	}
}

func TestTLSIsSpokenAndTheServerIsChecked(t *testing.T) {
	server, ca := redistest.StartTLS(t, "--requirepass", "secret")
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	good := Config{Addrs: []string{server.TLS}, Password: "secret", TLS: &tls.Config{RootCAs: roots}}
	works(t, open(t, good))

	strangers := good
	strangers.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
	if _, err := Open(t.Context(), strangers); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
	bare := good
	bare.Addrs = []string{server.Addr}
	plain := good
	plain.TLS = nil
	for what, c := range map[string]Config{"a port without TLS": bare, "a port for TLS alone": plain} {
		if _, err := Open(t.Context(), c); !errors.Is(err, ErrTLS) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
