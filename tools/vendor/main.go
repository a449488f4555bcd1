// Command vendor brings files of an npm package into the tree, so that the build needs no
// network: exactly one version, checked against the hashes that a pin file holds.
//
//	go run ./tools/vendor PIN.json FOLDER
//
// To take another version, change it in the pin file and run it: it says which hashes it
// found instead. Compare the package's with the one that `npm view NAME@VERSION
// dist.integrity` prints, then write them down.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

const (
	tarballBytesMax = 64 << 20
	fileBytesMax    = 8 << 20
)

// Pin is the content of a pin file.
type Pin struct {
	Package   string
	Version   string // exact
	Licence   string // its SPDX name, for people
	Integrity string // of the tarball, as npm writes it: "sha512-" and base64
	Files     []File
}

// File is one that is taken from the package.
type File struct {
	From   string // its path in the package
	To     string // its name in the folder
	SHA256 string // in hex
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run ./tools/vendor PIN.json FOLDER")
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "vendor:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, pinPath, folder string) error {
	text, err := os.ReadFile(pinPath)
	if err != nil {
		return err
	}
	var pin Pin
	if err := json.Unmarshal(text, &pin); err != nil {
		return fmt.Errorf("cannot read %q: %w", pinPath, err)
	}
	tarball, err := fetch(ctx, pin.Package+"@"+pin.Version)
	if err != nil {
		return err
	}
	files, err := pin.take(tarball)
	if err != nil {
		return err
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(folder, name), body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// fetch has npm, with whatever registry it is set to, download a package. What comes is
// trusted for nothing: take checks it.
func fetch(ctx context.Context, what string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "vendor-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	npm := exec.CommandContext(ctx, "npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", dir, what)
	if out, err := npm.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot download %s: %w\n%s", what, err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("cannot find what npm downloaded for %s: %d files, %w", what, len(found), err)
	}
	return os.ReadFile(found[0])
}

// take checks the package and returns its pinned files by the names that they get.
func (p *Pin) take(tarball []byte) (map[string][]byte, error) {
	sum := sha512.Sum512(tarball)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != p.Integrity {
		return nil, fmt.Errorf("%s@%s has integrity %s, pinned is %s", p.Package, p.Version, got, p.Integrity)
	}
	packed, err := unpack(tarball)
	if err != nil {
		return nil, fmt.Errorf("cannot unpack %s@%s: %w", p.Package, p.Version, err)
	}
	taken := map[string][]byte{}
	for _, f := range p.Files {
		body, ok := packed["package/"+f.From]
		if !ok {
			return nil, fmt.Errorf("%s@%s has no file %q", p.Package, p.Version, f.From)
		}
		if f.To != filepath.Base(f.To) {
			return nil, fmt.Errorf("%q is not the name of a file", f.To)
		}
		sum := sha256.Sum256(body)
		if got := hex.EncodeToString(sum[:]); got != f.SHA256 {
			return nil, fmt.Errorf("%q has SHA-256 %s, pinned is %q", f.From, got, f.SHA256)
		}
		taken[f.To] = body
	}
	return taken, nil
}

// unpack reads all regular files up to fileBytesMax; longer ones are left out.
func unpack(tarball []byte) (map[string][]byte, error) {
	plain, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(io.LimitReader(plain, tarballBytesMax)); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg || header.Size > fileBytesMax {
			continue
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			return nil, err
		}
	}
}
