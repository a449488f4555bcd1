package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// childVariable makes this test binary a child that changes the store at its value.
const childVariable = "UPROAR_STORE_TEST_CHILD"

func childPath() (string, bool) { return os.LookupEnv(childVariable) }

// child bans one account after another from several goroutines and prints each login
// once the ban is acknowledged, until it is killed.
func child(path string) {
	s, err := store.Open(path)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	go func() { _ = s.Run(context.Background()) }()
	acknowledged := make(chan string)
	for g := range 4 {
		go func() {
			for i := 0; ; i++ {
				login := fmt.Sprintf("w%dx%d", g, i)
				err := s.Change(context.Background(), member(login), store.Change{Ban: &store.Ban{Reason: login}, Grant: chat.VIP})
				if err != nil {
					login = "error " + err.Error()
				}
				acknowledged <- login
			}
		}()
	}
	for login := range acknowledged {
		fmt.Println(login)
	}
}

func member(login string) store.Key {
	return store.Key{Kind: store.KindMember, Room: "crash", Login: login}
}

func TestAcknowledgedChangesSurviveSIGKILL(t *testing.T) {
	repetitions := 100
	if testing.Short() {
		repetitions = 10
	}
	acknowledged := 0
	for i := range repetitions {
		path := filepath.Join(t.TempDir(), "crash.db")
		logins := killChild(t, path, 1+i%8)
		acknowledged += len(logins)
		mustStand(t, path, logins)
	}
	t.Logf("%d kills, %d acknowledged changes, all stand", repetitions, acknowledged)
}

// killChild starts a child, kills it after so many acknowledgements, and returns all
// that it has printed.
func killChild(t *testing.T, path string, after int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var logins []string
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if err == io.EOF { // a line without its end was not acknowledged
			break
		}
		if err != nil || strings.HasPrefix(line, "error") {
			t.Errorf("child: %q, %v", line, err)
			break
		}
		if logins = append(logins, strings.TrimSpace(line)); len(logins) == after {
			_ = cmd.Process.Kill() // SIGKILL
		}
	}
	if err := cmd.Wait(); len(logins) < after {
		t.Fatalf("the child acknowledged %d changes, want %d: %v", len(logins), after, err)
	}
	return logins
}

func mustStand(t *testing.T, path string, logins []string) {
	t.Helper()
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var b store.Batch
	for _, login := range logins {
		b.Reads = append(b.Reads, store.Read{Key: member(login)})
	}
	s.Fetch(t.Context(), &b)
	for i, login := range logins {
		if got := *b.Reads[i].Member; got != (store.Member{Roles: chat.VIP, Banned: true, BannedFor: login}) {
			t.Errorf("%s was acknowledged and is %+v", login, got)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
