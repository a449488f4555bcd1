package clients

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// irssiConfig keeps irssi to what the test asks of it.
const irssiConfig = `
settings = {
  core = { real_name = "irssi"; user_name = "irssi"; server_reconnect_time = "1s"; };
  "fe-common/core" = { autolog = "no"; };
};
`

// startIrssi runs irssi on a terminal of its own, driven by irssi.pl.
func startIrssi() (driver, error) {
	home, err := os.MkdirTemp("", "uproar-irssi-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a home for irssi: %w", err)
	}
	d, err := startIrssiIn(home)
	if err != nil {
		_ = os.RemoveAll(home)
		return nil, err
	}
	return d, nil
}

func startIrssiIn(home string) (driver, error) {
	if err := layHome(home); err != nil {
		return nil, err
	}
	commandsRead, commands, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot make a pipe for irssi: %w", err)
	}
	events, eventsWrite, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot make a pipe for irssi: %w", err)
	}
	master, terminal, err := openTerminal()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("irssi", "--home="+home)
	cmd.Env = append(os.Environ(), "TERM=xterm", "LC_ALL=C.UTF-8")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.ExtraFiles = []*os.File{commandsRead, eventsWrite} // descriptors 3 and 4
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start irssi: %w", err)
	}
	for _, f := range []*os.File{terminal, commandsRead, eventsWrite} {
		_ = f.Close() // irssi's now
	}
	p := newProcess(cmd, commands)
	go func() {
		_, _ = io.Copy(p.printed, master) // ends with irssi
		_ = master.Close()
	}()
	go func() {
		p.read(events)
		_ = events.Close()
		_ = os.RemoveAll(home)
	}()
	return p, nil
}

// layHome writes irssi's configuration, and irssi.pl where it is run at start.
func layHome(home string) error {
	script, err := filepath.Abs("irssi.pl")
	if err != nil {
		return fmt.Errorf("cannot find irssi.pl: %w", err)
	}
	autorun := filepath.Join(home, "scripts", "autorun")
	if err := os.MkdirAll(autorun, 0o700); err != nil {
		return fmt.Errorf("cannot make folder %q: %w", autorun, err)
	}
	if err := os.Symlink(script, filepath.Join(autorun, "driver.pl")); err != nil {
		return fmt.Errorf("cannot link %q: %w", script, err)
	}
	if err := os.WriteFile(filepath.Join(home, "config"), []byte(irssiConfig), 0o600); err != nil {
		return fmt.Errorf("cannot write irssi's configuration: %w", err)
	}
	return nil
}

// openTerminal makes a pseudo terminal of 80 columns.
func openTerminal() (master, terminal *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot open a terminal: %w", err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, os.NewSyscallError("ioctl TIOCSPTLCK", err)
	}
	n, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, os.NewSyscallError("ioctl TIOCGPTN", err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		return nil, nil, os.NewSyscallError("ioctl TIOCSWINSZ", err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot open terminal %d: %w", n, err)
	}
	return master, terminal, nil
}
