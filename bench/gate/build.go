package gate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build makes the programs of one side. Paths are trimmed from them, so that the same
// source gives the same bytes in any folder, and the go command's cache serves both.
type build struct {
	name    string // base, head
	commit  string // short hash; "" for the working tree
	source  string // folder of the module
	overlay string // for go build -overlay; "" for none
	out     string // folder for programs
}

// server builds the server and returns its path.
func (b *build) server(ctx context.Context) (string, error) {
	return b.goBuild(ctx, "uproar", "build", "./edge")
}

// tests builds the test binary of a package and returns its path.
func (b *build) tests(ctx context.Context, pack string) (string, error) {
	return b.goBuild(ctx, strings.ReplaceAll(strings.TrimPrefix(pack, "./"), "/", "-")+".test", "test", "-c", pack)
}

func (b *build) goBuild(ctx context.Context, name string, args ...string) (string, error) {
	path := filepath.Join(b.out, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil // two workloads may share a program
	}
	full := []string{args[0], "-trimpath", "-buildvcs=false", "-o", path}
	if b.overlay != "" {
		full = append(full, "-overlay", b.overlay)
	}
	run := exec.CommandContext(ctx, "go", append(full, args[1:]...)...)
	run.Dir = b.source
	if out, err := run.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build %q of %s: %w\n%s", args[len(args)-1], b.name, err, out)
	}
	return path, nil
}

// checkout puts the tree of a commit into a folder of its own. It is a copy: nothing is
// registered with git, so nothing stays behind.
func checkout(ctx context.Context, root, commit, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("cannot make a folder for commit %q: %w", commit, err)
	}
	archive := exec.CommandContext(ctx, "git", "archive", "--format=tar", commit)
	archive.Dir = root
	unpack := exec.CommandContext(ctx, "tar", "-x", "-C", folder)
	var complaint bytes.Buffer
	archive.Stderr, unpack.Stderr = &complaint, &complaint
	pipe, err := archive.StdoutPipe()
	if err != nil {
		return fmt.Errorf("cannot check out commit %q: %w", commit, err)
	}
	unpack.Stdin = pipe
	if err := archive.Start(); err != nil {
		return fmt.Errorf("cannot check out commit %q: %w", commit, err)
	}
	err = unpack.Run()
	if ended := archive.Wait(); err == nil {
		err = ended
	}
	if err != nil {
		return fmt.Errorf("cannot check out commit %q: %w: %s", commit, err, complaint.Bytes())
	}
	return nil
}

// resolve returns the short hash of a commit, and errNoBase when it is not there.
func resolve(ctx context.Context, root, commit string) (string, error) {
	run := exec.CommandContext(ctx, "git", "rev-parse", "--verify", "--short", "--quiet", commit+"^{commit}")
	run.Dir = root
	out, err := run.Output()
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("cannot find commit %q: %w", commit, errNoBase)
	}
	return strings.TrimSpace(string(out)), nil
}

// sum is a program's digest.
func sum(path string) ([sha256.Size]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("cannot read program %q: %w", path, err)
	}
	return sha256.Sum256(data), nil
}
