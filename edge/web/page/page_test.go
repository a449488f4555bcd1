package page

import (
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

var (
	markupRef = regexp.MustCompile(`(?:src|href)="(/[^"]*)"`)
	importRef = regexp.MustCompile(`(?m)(?:^import .* from |\bimport\()'\./([^']+)'\)?;$`)
	foreign   = regexp.MustCompile(`/hls\.light\.`) // files that others wrote
)

// reach follows references from the page and returns every address it loads.
func reach(t *testing.T) map[string]Asset {
	t.Helper()
	found := map[string]Asset{}
	var visit func(from, address string)
	visit = func(from, address string) {
		if _, seen := found[address]; seen {
			return
		}
		asset, ok := Find(address)
		if !ok {
			t.Fatalf("%s refers to %s, which is not served", from, address)
		}
		found[address] = asset
		for _, m := range markupRef.FindAllSubmatch(asset.Body, -1) {
			visit(address, string(m[1]))
		}
		folder := address[:strings.LastIndex(address, "/")+1]
		for _, m := range importRef.FindAllSubmatch(asset.Body, -1) {
			visit(address, folder+string(m[1]))
		}
	}
	visit("a browser", "/")
	return found
}

func TestPageReachesEveryAssetAndNoOther(t *testing.T) {
	names, err := fs.Glob(files, "assets/*")
	if err != nil {
		t.Fatal(err)
	}
	found := reach(t)
	if len(found) != len(names) {
		t.Errorf("page loads %d addresses, embeds %d files", len(found), len(names))
	}
	for address, asset := range found {
		if address != "/" && asset.Cache != cacheForever {
			t.Errorf("%s is loaded with Cache-Control %q: its version is not the present one", address, asset.Cache)
		}
	}
}

func TestPageKeepsToItsPolicy(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|<script(?:[^>]*)>[^<]|\sstyle=|\son[a-z]+=|javascript:`)
	elsewhere := regexp.MustCompile(`(?:https?:)?//[a-z0-9]`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function`)
	for address, asset := range reach(t) {
		if foreign.MatchString(address) {
			continue // held by the browser, and by what vendor.json pins
		}
		body := strings.ReplaceAll(string(asset.Body), `xmlns="http://www.w3.org/2000/svg"`, "")
		if strings.HasPrefix(asset.ContentType, "text/html") && inline.MatchString(body) {
			t.Errorf("%s has inline script or style: %q", address, inline.FindString(body))
		}
		if elsewhere.MatchString(body) {
			t.Errorf("%s names another origin: %q", address, elsewhere.FindString(body))
		}
		if markup.MatchString(body) {
			t.Errorf("%s makes markup from text: %q", address, markup.FindString(body))
		}
	}
}

func TestPageIsSmall(t *testing.T) {
	const oursBytesMax, othersBytesMax = 96 << 10, 384 << 10
	ours, others := 0, 0
	for address, asset := range reach(t) {
		if foreign.MatchString(address) {
			others += len(asset.Body)
		} else {
			ours += len(asset.Body)
		}
	}
	if ours > oursBytesMax || others > othersBytesMax {
		t.Errorf("page weighs %d and %d bytes, want at most %d of ours and %d of others'", ours, others, oursBytesMax, othersBytesMax)
	}
}

func TestFindKnowsOnlyThePage(t *testing.T) {
	for address, want := range map[string]string{
		"/":                             cacheCheck,
		"/assets/app.js":                cacheCheck,
		"/assets/0123456789ab/app.js":   cacheCheck,
		"/index.html":                   "",
		"/assets/":                      "",
		"/assets/index.html":            "",
		"/assets/nothing.js":            "",
		"/assets/../page.go":            "",
		"/assets/a/b/app.js":            "",
		"/assets//app.js":               cacheCheck,
		"":                              "",
		"/favicon.ico":                  "",
		"/forsen":                       cacheCheck,
		"/Forsen_1":                     cacheCheck,
		"/abcdefghijklmnopqrstuvwxy":    cacheCheck,
		"/abcdefghijklmnopqrstuvwxyz":   "",
		"/_forsen":                      "",
		"/forsen/":                      "",
		"/for-sen":                      "",
		"/for%73en":                     "",
		"forsen":                        "",
		"/hls":                          "",
		"/API":                          "",
		"/find":                         "",
		"/assets":                       "",
		"/assets/0123456789ab/../a/app": "",
	} {
		asset, ok := Find(address)
		if ok != (want != "") || asset.Cache != want {
			t.Errorf("Find(%q) = %v with Cache-Control %q, want %q", address, ok, asset.Cache, want)
		}
	}
}

func TestVersionFollowsContent(t *testing.T) {
	lay := func(script string) site {
		s, err := layOut(fstest.MapFS{
			"index.html": {Data: []byte(`<script src="/assets/app.js"></script>`)},
			"app.js":     {Data: []byte(script)},
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, again, other := lay("1"), lay("1"), lay("2")
	if one.version != again.version || one.version == other.version {
		t.Errorf("versions are %s, %s for the same content and %s for another", one.version, again.version, other.version)
	}
	if one.assets["index.html"].ETag == other.assets["index.html"].ETag {
		t.Error("the page keeps its ETag though its script changed")
	}
}

func TestUnknownKindOfFileIsRefused(t *testing.T) {
	if _, err := layOut(fstest.MapFS{"font.xyz": {Data: []byte("?")}}); err == nil {
		t.Error("a file without a known content type was laid out")
	}
}

// TestScript runs the tests of the page's own modules, test/*.test.mjs.
func TestScript(t *testing.T) {
	if testing.Short() {
		t.Skip("needs node")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: apt-get update && apt-get install -y nodejs (18 or later)")
	}
	tests, err := filepath.Glob("test/*.test.mjs")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no script tests found: %v", err)
	}
	out, err := exec.Command(node, append([]string{"--test"}, tests...)...).CombinedOutput()
	if err != nil {
		t.Errorf("cannot pass the script tests: %v\n%s", err, out)
	}
}
