// Package redisconn is what the connections to Redis have in common, whatever they are
// for: the state of clue (core/store/redisstore) or the exchange (core/exchange/redisbus).
// It knows no client library.
package redisconn

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// nameBytesMax bounds a ClientName.
const nameBytesMax = 128

// ClientName is what CLIENT LIST shows, so that the owner of a connection is one command
// away: role, host, process, environment, and what the connection is for unless use is
// empty.
func ClientName(role, env, use string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	name := fmt.Sprintf("uproar-%s-%s-%d-%s", role, host, os.Getpid(), env)
	if use != "" {
		name += "-" + use
	}
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' { // Redis refuses those
			return '-'
		}
		return r
	}, name)
	return name[:min(len(name), nameBytesMax)]
}

// CheckAddrs refuses a list that is empty, or has an address twice or one that is no
// host:port. what is opened, for the error: "redis store".
func CheckAddrs(what string, addrs []string) error {
	if len(addrs) == 0 {
		return fmt.Errorf("cannot open %s: no address", what)
	}
	seen := map[string]bool{}
	for _, addr := range addrs {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("cannot open %s %q: %w", what, addr, err)
		}
		if seen[addr] {
			return fmt.Errorf("cannot open %s %q: the address is there twice", what, addr)
		}
		seen[addr] = true
	}
	return nil
}

// CheckEnv refuses an environment that cannot be part of a key.
func CheckEnv(what, env string) error {
	if strings.Trim(env, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("cannot open %s: environment %q is not of [a-z0-9-]", what, env)
	}
	return nil
}
