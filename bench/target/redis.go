package target

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
)

var redisReady = regexp.MustCompile(`Ready to accept connections`)

// Redis is a running redis-server that keeps nothing on disk.
type Redis struct {
	*Process
	Addr string
}

// StartRedis runs redis-server in dir. Whoever starts it calls Stop.
func StartRedis(ctx context.Context, dir string) (*Redis, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("cannot find redis-server: %w; on Debian: apt-get install -y redis-server", err)
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	p, _, err := StartProcess(ctx, "redis", path, []string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--dir", dir}, redisReady)
	if err != nil {
		return nil, err
	}
	return &Redis{p, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}, nil
}

// FreePort is a port of 127.0.0.1 that nobody has now. Somebody may take it before it is used.
func FreePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("cannot find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
