package admin

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard keeps pages in the operator's browser away from next, which is reached without
// a password. A page of another origin is known by what browsers say of it
// (http.CrossOriginProtection). A page whose own host name has been pointed at this
// address (DNS rebinding) counts as the same origin and is known by its Host alone: on
// loopback that must be an address or localhost. On any other address operators may use
// names, so every Host is taken, and the network must keep strangers out.
func (s *Server) guard(next http.Handler) http.Handler {
	var origins http.CrossOriginProtection
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, &refusal{http.StatusForbidden, "cannot serve a page of another origin: use a client that is no browser"})
	}))
	next = origins.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.loopback && !addressOrLocalhost(r.Host) {
			refuse(w, &refusal{http.StatusForbidden, "cannot serve this Host: use an address or localhost, as in http://127.0.0.1:9090/"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// addressOrLocalhost is about a Host header, with or without a port.
func addressOrLocalhost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil
}

// onLoopback reports whether nobody but this machine reaches a listener.
func onLoopback(ln net.Listener) bool {
	tcp, ok := ln.Addr().(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
