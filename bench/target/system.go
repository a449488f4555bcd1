package target

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"text/template"

	"uproar/bench/load"
)

// Daemon is a server that a package of the system has installed. It runs as a process of
// the harness, with a configuration of this repository, and never as a service.
type Daemon struct {
	Name       string             // of the program
	VersionArg string             // has the program print what it is
	Version    *regexp.Regexp     // what of that is the version
	Config     *template.Template // executed with a DaemonSite makes the file of its name
	Args       func(site DaemonSite) []string
	Ready      *regexp.Regexp // a line of its standard output; nil: it is ready when it accepts connections
	// Orphan is what the kernel sends it when the harness dies: 0 is SIGKILL, which a
	// program with workers cannot hand on to them.
	Orphan syscall.Signal
	// Scratch has it given a folder in memory, DaemonSite.Scratch.
	Scratch bool
}

// DaemonSite is what a configuration must know of the place where it is used.
type DaemonSite struct {
	Host, Port     string // to listen on
	Dir            string // for files, absolute; Start makes it
	Config         string // path of the configuration; Start writes it
	ConnectionsMax uint64 // how many the process may have: its limit of open files
	Upstream       string // of a cache: host:port
	Workers        int    // of a cache: how many processes or loops; 0 is one for each core
	Scratch        string // a folder in memory, gone when the process has ended; Start makes it
}

// connectionsMax bounds the tables that daemons allocate for connections to come.
const connectionsMax = 32 << 10

// Addr is host:port.
func (s DaemonSite) Addr() string { return net.JoinHostPort(s.Host, s.Port) }

// UpstreamHost and UpstreamPort are the two parts of Upstream.
func (s DaemonSite) UpstreamHost() string { host, _, _ := net.SplitHostPort(s.Upstream); return host }

// UpstreamPort is the second of them.
func (s DaemonSite) UpstreamPort() string { _, port, _ := net.SplitHostPort(s.Upstream); return port }

// Path finds the program. Daemons live in folders that are not in everybody's PATH.
func (d Daemon) Path() (string, error) {
	path, err := exec.LookPath(d.Name)
	if err == nil {
		return path, nil
	}
	if path, err := exec.LookPath(filepath.Join("/usr/sbin", d.Name)); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("cannot find program %q: %w", d.Name, err)
}

// Installed asks the program for its version.
func (d Daemon) Installed(ctx context.Context) (string, error) {
	path, err := d.Path()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, path, d.VersionArg).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cannot ask %q for its version: %w\n%s", d.Name, err, out)
	}
	m := d.Version.FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("cannot find the version of %q in:\n%s", d.Name, out)
	}
	return string(m[1]), nil
}

// Site chooses a free port, and a folder of the daemon's own in dir.
func (d Daemon) Site(dir string) (DaemonSite, error) {
	port, err := FreePort()
	if err != nil {
		return DaemonSite{}, err
	}
	if dir, err = filepath.Abs(filepath.Join(dir, d.Name)); err != nil {
		return DaemonSite{}, fmt.Errorf("cannot place files of %q: %w", d.Name, err)
	}
	return DaemonSite{Host: "127.0.0.1", Port: fmt.Sprint(port), Dir: dir}, nil
}

// Start writes the configuration and runs the program until it says that it is ready.
// Whoever starts it calls Stop.
func (d Daemon) Start(ctx context.Context, site DaemonSite) (*Process, error) {
	path, err := d.Path()
	if err != nil {
		return nil, err
	}
	files, err := load.RaiseFileLimit() // the program inherits it
	if err != nil {
		return nil, err
	}
	site.ConnectionsMax = min(files, connectionsMax)
	if d.Scratch {
		if site.Scratch, err = os.MkdirTemp(memoryFolder, "uproar-bench-"); err != nil {
			return nil, fmt.Errorf("cannot make a folder in memory for %q: %w", d.Name, err)
		}
	}
	p, err := d.start(ctx, path, site)
	if err != nil && site.Scratch != "" {
		os.RemoveAll(site.Scratch)
	}
	return p, err
}

// memoryFolder is where a tmpfs is, on Linux.
const memoryFolder = "/dev/shm"

func (d Daemon) start(ctx context.Context, path string, site DaemonSite) (*Process, error) {
	if err := os.MkdirAll(site.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make a folder for %q: %w", d.Name, err)
	}
	var text bytes.Buffer
	if err := d.Config.Execute(&text, site); err != nil {
		return nil, fmt.Errorf("cannot make the configuration of %q: %w", d.Name, err)
	}
	site.Config = filepath.Join(site.Dir, d.Config.Name())
	if err := os.WriteFile(site.Config, text.Bytes(), 0o600); err != nil {
		return nil, fmt.Errorf("cannot write the configuration of %q: %w", d.Name, err)
	}
	orphan := d.Orphan
	if orphan == 0 {
		orphan = syscall.SIGKILL
	}
	l := launched{name: d.Name, path: path, args: d.Args(site), orphan: orphan, scratch: site.Scratch}
	if d.Ready == nil {
		return startListener(ctx, l, site.Addr())
	}
	p, _, err := startProcess(ctx, l, d.Ready)
	return p, err
}
