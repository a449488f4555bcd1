package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// videoDir is the folder of the role origin, which processes may share: each has a lock on
// it, and one that finds nobody else there takes up what an earlier one had not ended.
type videoDir struct {
	path string // empty: none
	mu   struct {
		sync.Mutex
		lock *os.File // nil: the folder is not there yet
	}
}

// lockName begins with a dot, so no channel is called so.
const lockName = ".lock"

// open takes the lock if the folder is there, and reports whether nobody else is.
func (d *videoDir) open() (alone bool, err error) {
	if d.path == "" {
		return true, nil
	}
	lock, err := os.OpenFile(filepath.Join(d.path, lockName), os.O_CREATE|os.O_RDWR, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil // the first broadcast makes it
	}
	if err != nil {
		return false, err
	}
	d.mu.lock = lock
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, d.share()
	}
	return err == nil, os.NewSyscallError("flock", err)
}

// share lets others in.
func (d *videoDir) share() error {
	if d.mu.lock == nil {
		return nil
	}
	for {
		err := unix.Flock(int(d.mu.lock.Fd()), unix.LOCK_SH)
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("flock", err)
		}
	}
}

// enter makes the folder and takes the lock before anything is written there.
func (d *videoDir) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.path == "" || d.mu.lock != nil {
		return nil
	}
	if err := os.MkdirAll(d.path, 0o755); err != nil {
		return err
	}
	if _, err := d.open(); err != nil {
		return err
	}
	return d.share()
}

// guard has next write only once the folder is this process' too.
func (d *videoDir) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut || r.Method == http.MethodPost {
			if err := d.enter(); err != nil {
				http.Error(w, fmt.Sprintf("cannot use --video-dir: %v", err), http.StatusInsufficientStorage)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (d *videoDir) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mu.lock != nil {
		_ = d.mu.lock.Close()
		d.mu.lock = nil
	}
}
