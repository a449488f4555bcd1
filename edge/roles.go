package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
)

// Roles of a process.
const (
	roleEdge     = "edge"     // sockets of chat's clients
	roleClue     = "clue"     // decides lines
	roleExchange = "exchange" // carries lines to the edges below
	roleOrigin   = "origin"   // takes video
	roleHLS      = "hls"      // serves video
)

var roles = []string{roleEdge, roleClue, roleExchange, roleOrigin, roleHLS}

func (o *options) has(role string) bool { return slices.Contains(o.Roles, role) }

// relays reports whether the process brings other processes their lines.
func (o *options) relays() bool { return o.has(roleExchange) && o.LinkAddr != "" }

// upstreamRedis reports whether a relay has its lines from Redis.
func (o *options) upstreamRedis() bool { return len(o.Upstream) == 1 && o.Upstream[0] == "redis" }

// spans reports whether rooms span processes: lines travel by Redis, or by relays.
func (o *options) spans() bool { return len(o.Redis) > 0 || len(o.Exchange) > 0 }

// checkFleet refuses roles that could not do their work, and what would be left unused
// without a word.
func (o *options) checkFleet() error {
	for _, role := range o.Roles {
		if !slices.Contains(roles, role) {
			return fmt.Errorf("--roles: %q is none of %s", role, strings.Join(roles, ", "))
		}
	}
	edge, clue := o.has(roleEdge), o.has(roleClue)
	switch {
	case len(o.Roles) == 0:
		return fmt.Errorf("--roles: which? some of %s", strings.Join(roles, ", "))
	case !edge && (clue || o.has(roleExchange)) && o.LinkAddr == "":
		return fmt.Errorf("--roles %s: nobody could reach this process: give it a --link-addr", strings.Join(o.Roles, ","))
	case edge && !clue && len(o.Clue) == 0:
		return fmt.Errorf("--roles %s: who decides lines? name processes with --clue, or add the role", strings.Join(o.Roles, ","))
	case clue && len(o.Clue) > 0:
		return fmt.Errorf("--clue: of no use in a process that has the role clue itself")
	case edge && !clue && !o.spans():
		return fmt.Errorf("--roles %s: where do its lines come from? name relays with --exchange, or --redis", strings.Join(o.Roles, ","))
	case !edge && len(o.Exchange) > 0:
		return fmt.Errorf("--exchange: of no use without the role edge; a relay has --upstream")
	case len(o.Redis) == 0 && clue && (!edge || o.LinkAddr != "" || len(o.Exchange) > 0):
		return fmt.Errorf("--roles %s: lines that are decided here reach other processes by --redis alone", strings.Join(o.Roles, ","))
	case len(o.Redis) == 0 && o.relays() && o.upstreamRedis():
		return fmt.Errorf("--upstream redis: which? name servers with --redis, or relays with --upstream")
	case !o.upstreamRedis() && !o.relays():
		return fmt.Errorf("--upstream: of no use without the role exchange and --link-addr")
	case o.LinkAddr != "" && !clue && !o.has(roleExchange):
		return fmt.Errorf("--link-addr: of no use without the role clue or exchange")
	}
	return o.checkLinks()
}

// checkLinks looks at the addresses of a fleet.
func (o *options) checkLinks() error {
	lists := []struct {
		flag  string
		addrs []string
	}{{"--clue", o.Clue}, {"--exchange", o.Exchange}}
	if !o.upstreamRedis() {
		lists = append(lists, struct {
			flag  string
			addrs []string
		}{"--upstream", o.Upstream})
	}
	if o.LinkAddr != "" {
		lists = append(lists, struct {
			flag  string
			addrs []string
		}{"--link-addr", []string{o.LinkAddr}})
	}
	for _, l := range lists {
		for i, addr := range l.addrs {
			if err := checkAddr(addr); err != nil {
				return fmt.Errorf("%s: cannot read %q as host:port: %w", l.flag, addr, err)
			}
			if slices.Contains(l.addrs[:i], addr) {
				return fmt.Errorf("%s: %q stands there twice", l.flag, addr)
			}
		}
	}
	if o.LinkAddr != "" && !onLoopback(o.LinkAddr) && o.LinkSecretFile == "" {
		return fmt.Errorf("--link-addr: %q is not on loopback: whoever reaches it could speak for anybody, so give all processes the same --link-secret-file", o.LinkAddr)
	}
	return nil
}

// checkAddr refuses what no process could listen on or dial, whatever its names mean.
func checkAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if strings.ContainsAny(host, " \t") {
		return fmt.Errorf("a space in %q", host)
	}
	_, err = net.LookupPort("tcp", port)
	return err
}

// secretBytesLeast is the least length of a fleet's secret. Whoever can pose as a listener
// may guess at it at leisure.
const secretBytesLeast = 16

// linkSecret reads the secret of the fleet; without a file there is none.
func (o *options) linkSecret() ([]byte, error) {
	if o.LinkSecretFile == "" {
		return nil, nil
	}
	content, err := readSecret(o.LinkSecretFile)
	if err != nil {
		return nil, fmt.Errorf("cannot use --link-secret-file: %w", err)
	}
	content = bytes.TrimSpace(content)
	if len(content) < secretBytesLeast {
		return nil, fmt.Errorf("cannot use --link-secret-file: %q holds %d bytes, want at least %d; make one with: openssl rand -hex 32 >%s", o.LinkSecretFile, len(content), secretBytesLeast, o.LinkSecretFile)
	}
	return content, nil
}

// mainRole is the first role of the process on a line's way, or a viewer's: what Redis
// knows it by.
func (o *options) mainRole() string {
	for _, role := range []string{roleEdge, roleClue, roleExchange} {
		if o.has(role) {
			return role
		}
	}
	return roleHLS
}

// processName is how other processes, and traces, call this one.
func (o *options) processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s %s:%d", strings.Join(o.Roles, ","), host, os.Getpid())
}

// alone makes the options those of a process that opens no store and no folder and serves
// no other process: what remains of them can be checked beside a server that runs.
func (o *options) alone() { o.Data, o.Redis, o.LinkAddr, o.VideoDir = "", nil, "", "" }
