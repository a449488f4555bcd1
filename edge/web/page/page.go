// Package page holds the pages that the HTTP port serves, chat at "/" and a player beside
// the same chat at "/CHANNEL": HTML, style, script and icon, embedded in the binary,
// without a build step and without any third-party origin. What others wrote of it,
// hls.js, is kept here as its release has it; vendor.json pins it.
//
// Everything is laid out once, at first use; Find may be called from any
// goroutine. The bodies are shared: callers must not change them.
package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:generate go run uproar/tools/vendor vendor.json assets

// Values of Content-Security-Policy. Script and style come from this origin's files only;
// the page opens WebSockets and, to watch, asks for video. ws: and wss: are named because
// Safari before 15.4 does not count them to 'self'. Media Source Extensions play from a
// blob:, a browser's own HLS from this origin. No worker: hls.js is told to do without.
const (
	chatPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
	watchPolicy = chatPolicy + "; media-src 'self' blob:"
)

const channelBytesMax = 25 // as of a login

const (
	cacheCheck   = "no-cache"                            // keep, but ask with If-None-Match
	cacheForever = "public, max-age=31536000, immutable" // the address changes with the content
)

// Asset is one file of the page with the headers it is served with.
type Asset struct {
	ContentType string
	Body        []byte // shared, read only
	ETag        string // quoted, strong
	Gzip        []byte // Body compressed, with GzipETag; empty where that saves little
	GzipETag    string
	Cache       string // Cache-Control
	Policy      string // Content-Security-Policy
}

//go:embed assets
var files embed.FS

// site is the page laid out for serving.
type site struct {
	version string           // 12 hex digits over all assets
	assets  map[string]Asset // by file name, index.html included
	watch   Asset            // index.html as it is at "/CHANNEL"
}

var laidOut = sync.OnceValue(func() site {
	root, err := fs.Sub(files, "assets")
	if err != nil {
		panic("BUG: cannot open the embedded page: " + err.Error())
	}
	made, err := layOut(root)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return made
})

// Find returns what the page serves at path (the path of a URL, without query).
// "/" is chat, "/CHANNEL" the page to watch a channel on. Their files are at "/assets/VERSION/NAME", to be kept forever;
// "/assets/NAME" and other versions give the present file, not to be kept, so that
// a page and a server of different releases still work during a roll-out.
func Find(path string) (Asset, bool) {
	s := laidOut()
	if path == "/" {
		asset, ok := s.assets["index.html"]
		return asset, ok
	}
	if names := strings.TrimPrefix(path, "/"); names != path && isChannel(names) {
		return s.watch, true
	}
	rest, ok := strings.CutPrefix(path, "/assets/")
	if !ok {
		return Asset{}, false
	}
	version, name, versioned := strings.Cut(rest, "/")
	if !versioned {
		version, name = "", rest
	}
	asset, ok := s.assets[name]
	if !ok || name == "index.html" {
		return Asset{}, false
	}
	if version != s.version {
		asset.Cache = cacheCheck
	}
	return asset, true
}

// reserved are channel names that other paths of the port begin with.
var reserved = []string{"api", "assets", "find", "hls"}

// isChannel tells whether name is a room's, in any case: the page asks for it in lower
// case.
func isChannel(name string) bool {
	for i := range len(name) {
		c := name[i] | 0x20 // of a letter, the lower case
		switch {
		case 'a' <= c && c <= 'z', '0' <= name[i] && name[i] <= '9', name[i] == '_' && i > 0:
		default:
			return false
		}
	}
	return 1 <= len(name) && len(name) <= channelBytesMax && !slices.Contains(reserved, strings.ToLower(name))
}

// layOut reads every file of root, which is flat, and writes the version into the
// addresses of index.html. Modules import each other by relative address, so they
// stay within the version they were loaded from.
func layOut(root fs.FS) (site, error) {
	names, err := fs.Glob(root, "*")
	if err != nil {
		return site{}, fmt.Errorf("cannot list the page: %w", err)
	}
	s := site{assets: make(map[string]Asset, len(names))}
	all := sha256.New()
	for _, name := range names {
		body, err := fs.ReadFile(root, name)
		if err != nil {
			return site{}, fmt.Errorf("cannot read %q of the page: %w", name, err)
		}
		kind, ok := contentTypes[path.Ext(name)]
		if !ok {
			return site{}, fmt.Errorf("cannot serve %q: its content type is not known", name)
		}
		fmt.Fprintf(all, "%s %d\n", name, len(body))
		all.Write(body)
		s.assets[name] = Asset{ContentType: kind, Cache: cacheForever, Policy: chatPolicy}.with(body)
	}
	s.version = hex.EncodeToString(all.Sum(nil))[:12]
	index := s.assets["index.html"]
	index.Cache = cacheCheck
	index = index.with(bytes.ReplaceAll(index.Body, []byte(`"/assets/`), []byte(`"/assets/`+s.version+`/`)))
	s.assets["index.html"] = index
	s.watch = index.with(bytes.Replace(index.Body, []byte(`data-view="chat"`), []byte(`data-view="watch"`), 1))
	s.watch.Policy = watchPolicy
	return s, nil
}

// with is a with another body.
func (a Asset) with(body []byte) Asset {
	a.Body, a.ETag = body, etag(body)
	a.Gzip, a.GzipETag = nil, ""
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	_, _ = w.Write(body) // neither can fail: out is memory
	_ = w.Close()
	if out.Len() < len(body)/2 {
		a.Gzip, a.GzipETag = out.Bytes(), etag(out.Bytes())
	}
	return a
}

// contentTypes are fixed here: those of package mime depend on the machine.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".mjs":  "text/javascript; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
	".svg":  "image/svg+xml",
}

func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}
