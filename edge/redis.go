package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"

	"uproar/core/store/redisstore"
)

// secretBytesMax bounds the file of a password, and of certificates.
const secretBytesMax = 1 << 20

// checkRedis refuses what would leave Redis, its login or its encryption unused without
// a word, and what cannot be an address or an environment.
func (o *options) checkRedis() error {
	for _, f := range []struct {
		flag string
		set  bool
	}{
		{"--redis-mode", o.RedisMode != string(redisstore.ModeAuto)}, {"--redis-user", o.RedisUser != ""},
		{"--redis-password-file", o.RedisPasswordFile != ""}, {"--redis-tls", o.RedisTLS}, {"--redis-ca", o.RedisCA != ""},
	} {
		if f.set && len(o.Redis) == 0 {
			return fmt.Errorf("%s: of no use without --redis", f.flag)
		}
	}
	if o.RedisCA != "" && !o.RedisTLS {
		return fmt.Errorf("--redis-ca: of no use without --redis-tls")
	}
	if len(o.Redis) == 0 {
		return nil
	}
	if err := (redisstore.Config{Addrs: o.Redis, Env: o.Env}).Check(); err != nil {
		return fmt.Errorf("cannot use --redis: %w", err)
	}
	return nil
}

// redisConfig is how the options say that Redis is reached. It reads the files that they
// name, whether Redis is used or not, and connects to nothing.
func redisConfig(o *options) (redisstore.Config, error) {
	c := redisstore.Config{
		Addrs: o.Redis, Mode: redisstore.Mode(o.RedisMode), Env: o.Env, Role: o.mainRole(), Username: o.RedisUser,
	}
	if o.RedisPasswordFile != "" {
		password, err := readSecret(o.RedisPasswordFile)
		if err != nil {
			return c, fmt.Errorf("cannot use --redis-password-file: %w", err)
		}
		if len(bytes.TrimSpace(password)) == 0 {
			return c, fmt.Errorf("cannot use --redis-password-file: %q is empty", o.RedisPasswordFile)
		}
		c.Password = string(bytes.TrimRight(password, "\r\n"))
	}
	if !o.RedisTLS {
		return c, nil
	}
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12} // nil RootCAs: the machine's
	if o.RedisCA != "" {
		certificates, err := readSecret(o.RedisCA)
		if err != nil {
			return c, fmt.Errorf("cannot use --redis-ca: %w", err)
		}
		c.TLS.RootCAs = x509.NewCertPool()
		if !c.TLS.RootCAs.AppendCertsFromPEM(certificates) {
			return c, fmt.Errorf("cannot use --redis-ca: %q holds no certificate in PEM", o.RedisCA)
		}
	}
	return c, nil
}

func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, secretBytesMax+1))
	if err == nil && len(content) > secretBytesMax {
		err = fmt.Errorf("cannot read %q: it has more than %d bytes", path, secretBytesMax)
	}
	return content, err
}

// redisError says what to do about an error of redisstore.Open.
func redisError(o *options, err error) error {
	switch {
	case errors.Is(err, redisstore.ErrTLS) && o.RedisTLS:
		return fmt.Errorf("cannot use --redis: leave out --redis-tls if that port has no TLS: %w", err)
	case errors.Is(err, redisstore.ErrTLS):
		return fmt.Errorf("cannot use --redis: give --redis-tls if that port is for TLS: %w", err)
	case !errors.Is(err, redisstore.ErrLogin):
		return fmt.Errorf("cannot use --redis: %w", err)
	case o.RedisPasswordFile == "":
		return fmt.Errorf("cannot log in to --redis: give its password with --redis-password-file FILE, and its user, if not the default one, with --redis-user: %w", err)
	default:
		return fmt.Errorf("cannot log in to --redis: check the password in %q and --redis-user %q: %w", o.RedisPasswordFile, o.RedisUser, err)
	}
}
