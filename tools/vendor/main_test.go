package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// pack makes a package of one file, and a pin that takes it.
func pack(t *testing.T, name, body string) ([]byte, Pin) {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "package/" + name, Mode: 0o644, Size: int64(len(body))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	whole, file := sha512.Sum512(out.Bytes()), sha256.Sum256([]byte(body))
	return out.Bytes(), Pin{
		Package: "thing", Version: "1.0.0",
		Integrity: "sha512-" + base64.StdEncoding.EncodeToString(whole[:]),
		Files:     []File{{From: name, To: "thing.js", SHA256: hex.EncodeToString(file[:])}},
	}
}

func TestPinnedFileIsTaken(t *testing.T) {
	tarball, pin := pack(t, "dist/thing.js", "let x = 1\n")
	files, err := pin.take(tarball)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 || string(files["thing.js"]) != "let x = 1\n" {
		t.Errorf("took %q", files)
	}
}

func TestWhatIsNotPinnedIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(tarball []byte, pin *Pin) []byte
		want   string
	}{
		"another package": {func(b []byte, _ *Pin) []byte { return append(b, 0) }, "has integrity sha512-"},
		"a missing file":  {func(b []byte, p *Pin) []byte { p.Files[0].From = "gone.js"; return b }, "has no file"},
		"another file":    {func(b []byte, p *Pin) []byte { p.Files[0].SHA256 = "00"; return b }, "has SHA-256"},
		"a way out":       {func(b []byte, p *Pin) []byte { p.Files[0].To = "../thing.js"; return b }, "not the name"},
	} {
		tarball, pin := pack(t, "dist/thing.js", "let x = 1\n")
		if files, err := pin.take(c.change(tarball, &pin)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: took %q, error %v, want %q", name, files, err, c.want)
		}
	}
}
